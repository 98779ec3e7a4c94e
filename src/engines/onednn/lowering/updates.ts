/** Updates of many parameters at once, by one kernel that reads and writes each number once. */
import type { ValueId } from '../../../graph/program.js';
import { sizeOf } from '../../../graph/tensorType.js';
import type { EngineNode, UpdateKind, UpdatePart } from '../../fusion/node.js';
import { compileUpdate, rowsOf, type UpdateSource } from '../kernels/updateKernel.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
import type { UpdatePlaces } from '../plan/step.js';
import { adaptiveLowerings } from './adaptive.js';
import { elementwiseLowerings } from './elementwise.js';
import type { Lowering, Lowerings } from './lowering.js';
import { sgdLowerings } from './sgd.js';
import { adamwScalars, keptBy, negative, plainScalar, updateTarget } from './update.js';

const lowerings: Lowerings<UpdateKind> = { ...sgdLowerings, ...adaptiveLowerings };

function lowerOne<K extends UpdateKind>(draft: Draft, node: EngineNode<K>): void {
  const lowering: Lowering<K> = lowerings[node.kind];
  lowering(draft, node);
}

/** Where there is no kernel: one update after the other, by primitives. */
function oneByOne(draft: Draft, parts: readonly UpdatePart[]): void {
  for (const { update, scaling } of parts) {
    if (scaling) elementwiseLowerings.binary(draft, scaling);
    lowerOne<UpdateKind>(draft, update);
  }
}

/** The scalars that a formula wants, in its order. */
function scalarsOf(draft: Draft, { update }: UpdatePart): Place[] {
  const { kind, attributes, inputs } = update;
  const decaying = (rate: ValueId, weightDecay: number): Place[] =>
    weightDecay === 0 ? [] : [keptBy(draft, rate, weightDecay)];
  switch (kind) {
    case 'sgdUpdate':
      return [negative(draft, inputs[3]!)];
    case 'adamwUpdate': {
      const scalars = inputs.slice(4);
      return [...adamwScalars(draft, scalars), ...decaying(scalars[0]!, attributes.weightDecay)];
    }
    case 'rmspropUpdate':
      return [attributes.tensorFlow ? plainScalar(draft, inputs[4]!) : negative(draft, inputs[4]!)];
    case 'lionUpdate':
      return [negative(draft, inputs[3]!), ...decaying(inputs[3]!, attributes.weightDecay)];
    case 'averageUpdate':
      return [plainScalar(draft, inputs[2]!)];
  }
}

/** Where the numbers of a part are; new values go to the variables' own memory where that may be. */
function placesOf(draft: Draft, part: UpdatePart): UpdatePlaces {
  const { update, scaling } = part;
  const [parameter, gradient, ...rest] = update.inputs as [ValueId, ValueId, ...ValueId[]];
  const { desc } = draft.places.plain(parameter);
  const scalars = scalarsOf(draft, part);
  const [factors, found] = scaling
    ? [[plainScalar(draft, scaling.inputs[1]!)], scaling.inputs[0]!]
    : [[], gradient];
  return {
    gradient: draft.places.as(found, desc),
    scalars: [...scalars, ...factors],
    updated: update.outputs.map((value, i) =>
      updateTarget(draft, i === 0 ? parameter : rest[i - 1]!, value, desc),
    ),
  };
}

/** Parts by what their kernel is compiled from. */
function byFormula(parts: readonly UpdatePart[]): UpdatePart[][] {
  const groups = new Map<string, UpdatePart[]>();
  for (const part of parts) {
    const key = `${JSON.stringify(part.update.attributes)} ${part.scaling !== undefined}`;
    groups.set(key, [...(groups.get(key) ?? []), part]);
  }
  return [...groups.values()];
}

function byKernel(draft: Draft, parts: readonly UpdatePart[]): void {
  const { update, scaling } = parts[0]!;
  const tensors = parts.map((part) => placesOf(draft, part));
  const isScaled = scaling !== undefined;
  const source: UpdateSource = {
    update: { kind: update.kind, attributes: update.attributes },
    tensors: update.outputs.length,
    scalars: tensors[0]!.scalars.length - (isScaled ? 1 : 0),
    isScaled,
    rows: tensors.reduce((total, { gradient: { desc } }) => total + rowsOf(sizeOf(desc.shape)), 0),
  };
  draft.steps.update(update.kind, compileUpdate(source), tensors);
}

/** Updates of one kind: a kernel for each set of settings, such as those with and those without weight decay. */
export const updateLowerings: Lowerings<'updates'> = {
  updates: (draft, { attributes: { parts } }) => {
    if (!draft.updatesByKernel) oneByOne(draft, parts);
    else for (const group of byFormula(parts)) byKernel(draft, group);
  },
};
