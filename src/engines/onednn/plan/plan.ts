import type { Program } from '../../../graph/program.js';
import { fillUniform } from '../../../random.js';
import { fuse } from '../../fusion/fuse.js';
import type { NodeOf } from '../../fusion/node.js';
import { isSource, type SourceKind } from '../../fusion/sources.js';
import { Usage } from '../../fusion/usage.js';
import type { Dnnl } from '../dnnl.js';
import { fusionChoice, type LoweredKind, type LoweredNode, lowerNode } from '../lowering/table.js';
import type { Primitive } from '../primitiveSpec.js';
import { Draft, type DraftSettings } from './draft.js';
import type { Place, PlanBuffer } from './place.js';
import type { Step } from './step.js';

/** What is executed for a program, and the memory that it needs. */
export interface Plan {
  /** Executed once, before the first run. */
  readonly prologue: readonly Step[];
  /** Executed in every run. */
  readonly steps: readonly Step[];
  readonly buffers: readonly PlanBuffer[];
  /** All prepared primitives; to be released at the end. */
  readonly primitives: readonly Primitive[];
  /** Where the program's inputs are expected, by name; row-major. */
  readonly inputs: ReadonlyMap<string, Place>;
  /** Where the program's outputs are found, by name; row-major. */
  readonly outputs: ReadonlyMap<string, Place>;
}

/** Options of a plan besides its program. */
export type PlanSettings = Pick<
  DraftSettings,
  'activation' | 'block' | 'usesKernels' | 'fastBf16' | 'updatesByKernel' | 'ways'
>;

/** Turns a program into a list of prepared primitives. */
export function planProgram(dnnl: Dnnl, program: Program, settings: PlanSettings): Plan {
  const nodes = fuse(program, fusionChoice);
  const usage = new Usage(nodes, program);
  const draft = new Draft({ ...settings, dnnl, program, usage });
  const { prologue, steps, primitives } = draft.steps;
  try {
    const ends = planNodes(draft, program, nodes);
    return { prologue, steps, primitives, buffers: draft.buffers.all, ...ends };
  } catch (error) {
    for (const primitive of primitives) dnnl.release(primitive);
    throw error;
  }
}

/** Adds all nodes of a program to a draft. */
function planNodes(
  draft: Draft,
  program: Program,
  nodes: readonly (LoweredNode | NodeOf<SourceKind>)[],
): Pick<Plan, 'inputs' | 'outputs'> {
  const inputs = new Map<string, Place>();
  nodes.forEach((node, index) => {
    draft.begin(node, index);
    if (!isSource(node)) lowerNode<LoweredKind>(draft, node);
    else if (node.kind === 'input') inputs.set(node.attributes.name, planInput(draft, node));
    else planSource(draft, node);
  });
  const outputs = new Map(
    Object.entries(program.outputs).map(([name, value]) => [name, settled(draft, draft.places.plain(value))]),
  );
  planUpdates(draft, program);
  return { inputs, outputs };
}

function planInput({ layouts, places }: Draft, { attributes, outputs }: NodeOf<'input'>): Place {
  return places.output(outputs[0]!, layouts.rowMajor(attributes.shape, attributes.dtype));
}

function planSource(draft: Draft, node: NodeOf<Exclude<SourceKind, 'input'>>): void {
  const { places, steps, buffers } = draft;
  const value = node.outputs[0]!;
  const { shape, dtype } = draft.typeOf(value);
  const layout = draft.layouts.rowMajor(shape, dtype);
  switch (node.kind) {
    case 'constant':
      places.define(value, steps.constant(layout, node.attributes.data));
      break;
    case 'variable':
      places.define(value, buffers.variable(layout, node.attributes.name));
      break;
    case 'uniform': {
      const { stream } = node.attributes;
      steps.host({
        inputs: [],
        outputs: [places.output(value, layout)],
        compute: (_, [numbers], { seed, step, communicator }) =>
          fillUniform(numbers as Float32Array, seed, stream, step, communicator.rank * numbers!.length),
        mayBeFixed: false,
      });
    }
  }
}

/** A place that the updates of variables do not change. */
function settled({ buffers, steps }: Draft, place: Place): Place {
  if (place.buffer.storage !== 'variable') return place;
  const aside = buffers.allocate(place.desc);
  steps.reorder(place, aside);
  return aside;
}

/** New values go into the variables at the end; those that are another variable's old value are copied aside first. */
function planUpdates(draft: Draft, { updates }: Program): void {
  const moves = Object.entries(updates).flatMap(([name, value]) => {
    const place = draft.places.plain(value);
    if (place.buffer.variable === name) return [];
    return [{ place: settled(draft, place), name }];
  });
  for (const { place, name } of moves) draft.steps.reorder(place, draft.buffers.variable(place.desc, name));
}
