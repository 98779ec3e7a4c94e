import type { Program } from '../../../graph/program.js';
import type { TensorData } from '../../../graph/tensorType.js';
import { fillUniform } from '../../../random.js';
import type { Precision } from '../../engine.js';
import type { Block, Dnnl } from '../dnnl.js';
import { type LoweredKind, lowerNode } from '../lowering/table.js';
import { fuse } from './fuse.js';
import type { Place } from './place.js';
import { type AnyPlanNode, type PlanNode, Usage } from './planNode.js';
import { Planner } from './planner.js';

/** Where a variable lies, row-major. */
export type VariableAddress = (name: string) => number;

/** The tensors that go in and out of a plan's runs. */
export interface PlanEnds {
  readonly inputs: ReadonlyMap<string, Place>;
  readonly outputs: ReadonlyMap<string, Place>;
}

/** What a plan depends on besides its program. */
export interface PlanSettings {
  /** Of convolutions' operands. */
  readonly precision: Precision;
  /** Channels of a block in the layout that the processor's code works on; undefined for none. */
  readonly block: Block | undefined;
  /** Whether kernels of our own can be run; then blocks are of 8 channels. */
  readonly usesKernels: boolean;
  readonly addressOf: VariableAddress;
}

/** Turns a program into a list of prepared primitives; where that fails, those that were made are freed. */
export function planProgram(
  dnnl: Dnnl,
  program: Program,
  { precision, block, usesKernels, addressOf }: PlanSettings,
): { readonly planner: Planner; readonly ends: PlanEnds } {
  const nodes = fuse(program);
  const planner = new Planner(dnnl, program, new Usage(nodes, program), precision, block, usesKernels);
  try {
    return { planner, ends: planNodes(planner, nodes, addressOf) };
  } catch (error) {
    for (const primitive of planner.primitives) dnnl.release(primitive);
    throw error;
  }
}

type SourceNode = PlanNode<'input'> | PlanNode<'variable'> | PlanNode<'constant'> | PlanNode<'uniform'>;

function isSource(node: AnyPlanNode): node is AnyPlanNode & SourceNode {
  return ['input', 'variable', 'constant', 'uniform'].includes(node.kind);
}

/** Adds all nodes of a program to a planner. */
function planNodes(planner: Planner, nodes: readonly AnyPlanNode[], addressOf: VariableAddress): PlanEnds {
  const inputs = new Map<string, Place>();
  nodes.forEach((node, index) => {
    planner.begin(node, index);
    if (isSource(node)) planSource(planner, node, addressOf, inputs);
    else lowerNode<LoweredKind>(planner, node as PlanNode<LoweredKind>);
  });
  const { program } = planner;
  const outputs = new Map(
    Object.entries(program.outputs).map(([name, value]) => [name, settled(planner, planner.plain(value))]),
  );
  planUpdates(planner, program, addressOf);
  return { inputs, outputs };
}

function planSource(
  planner: Planner,
  node: SourceNode,
  addressOf: VariableAddress,
  inputs: Map<string, Place>,
): void {
  const value = node.outputs[0]!;
  const { shape, dtype } = planner.typeOf(value);
  const layout = planner.rowMajor(shape, dtype);
  switch (node.kind) {
    case 'input':
      inputs.set(node.attributes.name, planner.output(value, layout));
      break;
    case 'constant':
      planner.define(value, planner.constant(layout, node.attributes.data));
      break;
    case 'variable':
      planner.define(value, planner.variable(layout, addressOf(node.attributes.name)));
      break;
    case 'uniform': {
      const { stream } = node.attributes;
      const fill = (
        _: unknown,
        [numbers]: readonly TensorData[],
        run: { seed: number; step: number },
      ): void => fillUniform(numbers as Float32Array, run.seed, stream, run.step);
      planner.host([], [planner.output(value, layout)], fill, false);
    }
  }
}

/** A place that the updates of variables do not change. */
function settled(planner: Planner, place: Place): Place {
  if (place.buffer.storage !== 'variable') return place;
  const aside = planner.allocate(place.desc);
  planner.reorder(place, aside);
  return aside;
}

/** New values go into the variables at the end; those that are another variable's old value are copied aside first. */
function planUpdates(planner: Planner, program: Program, addressOf: VariableAddress): void {
  const moves = Object.entries(program.updates).flatMap(([name, value]) => {
    const place = planner.plain(value);
    const address = addressOf(name);
    if (place.buffer.address === address) return [];
    return [{ place: settled(planner, place), address }];
  });
  for (const { place, address } of moves) planner.reorder(place, planner.variable(place.desc, address));
}
