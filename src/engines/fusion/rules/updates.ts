import type { Program, ValueId } from '../../../graph/program.js';
import type { AnyEngineNode, EngineNode, NodeOf, UpdateKind, UpdatePart } from '../node.js';
import { type FusionRule, fusionRule } from '../rule.js';
import type { Usage } from '../usage.js';

/** The multiplication of an update's gradient by a scalar, where only the update reads its result. */
function scalingOf(
  update: NodeOf<UpdateKind>,
  usage: Usage,
  values: Program['values'],
): EngineNode<'binary'> | undefined {
  if (update.kind === 'averageUpdate') return undefined;
  const gradient = update.inputs[1]!;
  const node = usage.makerOf(gradient);
  if (node?.kind !== 'binary' || node.attributes.fn !== 'mul' || usage.onlyUserOf(gradient) !== update)
    return undefined;
  const [tensor, scalar] = node.inputs.map((value) => values[value]!.shape.length);
  return tensor !== 0 && scalar === 0 ? node : undefined;
}

/** What the parts of a fused node read, each value once. */
function readBy(parts: readonly UpdatePart[]): ValueId[] {
  const read = parts.flatMap(({ update, scaling }) =>
    scaling
      ? [...scaling.inputs, ...update.inputs.filter((value) => value !== scaling.outputs[0])]
      : update.inputs,
  );
  return [...new Set(read)];
}

/** All updates of a kind at the place of the last, but for those whose results it or a node before it reads. */
function allUpdates<K extends UpdateKind>(kind: K): FusionRule<'updates'> {
  const isUpdate = (node: AnyEngineNode): node is NodeOf<UpdateKind> => node.kind === kind;
  return fusionRule(
    { at: kind as UpdateKind, joins: [kind, 'binary'], makes: 'updates' },
    (node, { usage, values }) => {
      const all = usage.ofKind(kind);
      if (all.at(-1) !== node) return undefined;
      const updates = all
        .filter(isUpdate)
        .filter(
          ({ outputs }) =>
            !outputs.some((value) => node.inputs.includes(value) || usage.isReadBefore(value, node)),
        );
      const parts = updates.map((update) => ({ update, scaling: scalingOf(update, usage, values) }));
      const by: EngineNode<'updates'> = {
        kind: 'updates',
        attributes: { parts },
        inputs: readBy(parts),
        outputs: updates.flatMap(({ outputs }) => outputs),
      };
      const scalings = parts.flatMap(({ scaling }) => (scaling ? [scaling] : []));
      const absorbed = [...updates.filter((update) => update !== node), ...scalings];
      return { absorbed, replaced: node, by };
    },
  );
}

/** SGD's updates of all parameters. */
export const sgdUpdates = allUpdates('sgdUpdate');
/** AdamW's updates of all parameters. */
export const adamwUpdates = allUpdates('adamwUpdate');
/** RMSprop's updates of all parameters. */
export const rmspropUpdates = allUpdates('rmspropUpdate');
/** Lion's updates of all parameters. */
export const lionUpdates = allUpdates('lionUpdate');
/** The moving averages of all values. */
export const averageUpdates = allUpdates('averageUpdate');
