import type { Program, ValueId } from '../../../graph/program.js';
import { stridesOf, type TensorData } from '../../../graph/tensorType.js';
import { fuse } from '../../fusion/fuse.js';
import type { AnyEngineNode, NodeOf } from '../../fusion/node.js';
import { isSource, type SourceKind } from '../../fusion/sources.js';
import { Usage } from '../../fusion/usage.js';
import { literal } from '../codegen/expression.js';
import type { Stored } from '../codegen/stored.js';
import type { Arithmetic, Device } from '../device.js';
import { needsChannels } from '../lowering/convOperands.js';
import { computesDepthwise, filterByPlace, isDepthwise } from '../lowering/depthwise.js';
import type { Fusing } from '../lowering/fusing.js';
import { isNormalisedSum } from '../lowering/normalisedSum.js';
import { isOwnProduct } from '../lowering/ownProduct.js';
import { fusionChoice, type LoweredKind, type LoweredNode, lowerNode } from '../lowering/table.js';
import { asidesOf } from './asides.js';
import type { PlanBuffer } from './buffer.js';
import { Draft } from './draft.js';
import { mergeSteps } from './merge.js';
import type { Step } from './step.js';
import { planUpdates } from './updates.js';

/** Random numbers that the host fills in for each run. */
export interface UniformInput {
  readonly stream: string;
  readonly stored: Stored;
}

/** What is executed for a program, and the memory that it needs. */
export interface Plan {
  /** Of convolutions and products. */
  readonly arithmetic: Arithmetic;
  /** Executed once, before the first run. */
  readonly prologue: readonly Step[];
  /** Executed in every run. */
  readonly steps: readonly Step[];
  /** Steps that may be done beside others, and which step waits for each. */
  readonly asides: ReadonlyMap<number, number>;
  readonly buffers: readonly PlanBuffer[];
  readonly constants: readonly { readonly stored: Stored; readonly data: TensorData }[];
  /** Where the program's inputs are expected, by name; row-major. */
  readonly inputs: ReadonlyMap<string, Stored>;
  readonly uniforms: readonly UniformInput[];
  /** Where the program's outputs are found, by name; row-major. */
  readonly outputs: ReadonlyMap<string, Stored>;
}

type SourceNode = NodeOf<SourceKind>;

/**
 * Turns a program without collectives into kernels and calls of libraries.
 *
 * @param fusedBytes which convolutions are fused: {@link DraftSettings.fusedBytes}
 */
export function planProgram(
  device: Device,
  program: Program,
  arithmetic: Arithmetic,
  fusedBytes = Number.POSITIVE_INFINITY,
): Plan {
  const nodes = fuse(program, fusionChoice);
  const usage = new Usage(nodes, program);
  const shapeOf = (value: ValueId) => program.values[value]!.shape;
  const fusing: Fusing = { arithmetic, fusedBytes };
  const computesInputs = (node: AnyEngineNode): boolean =>
    isOwnProduct(node, shapeOf, fusing) ||
    computesDepthwise(node, shapeOf, fusing) ||
    (node.kind === 'reduce' && isNormalisedSum(usage, node));
  const draft = new Draft({ device, program, nodes, usage, computesInputs, ...fusing });
  try {
    const sources = planSources(draft, nodes.filter(isSource));
    const computed = nodes.filter(
      (node): node is LoweredNode => !isSource(node) && node.kind !== 'allReduce',
    );
    prepareFilters(draft, computed);
    for (const node of computed) {
      draft.begin(node);
      lowerNode<LoweredKind>(draft, node);
    }
    const outputs = new Map(
      Object.entries(program.outputs).map(([name, value]) => [name, planOutput(draft, value)] as const),
    );
    planUpdates(draft, program, computed);
    const { prologue, buffers } = draft;
    const steps = mergeSteps(draft.steps);
    return {
      arithmetic,
      prologue: mergeSteps(prologue),
      steps,
      asides: asidesOf(steps),
      buffers: buffers.all,
      outputs,
      ...sources,
    };
  } catch (error) {
    releaseSteps(draft.steps);
    throw error;
  }
}

/** Frees what libraries have prepared. */
export function releaseSteps(steps: readonly Step[]): void {
  for (const step of steps) if (step.kind === 'convolution' || step.kind === 'product') step.prepared.close();
}

function planSources(
  draft: Draft,
  nodes: readonly SourceNode[],
): Pick<Plan, 'inputs' | 'uniforms' | 'constants'> {
  const inputs = new Map<string, Stored>();
  const uniforms: UniformInput[] = [];
  const constants: { stored: Stored; data: TensorData }[] = [];
  for (const node of nodes) {
    const value = node.outputs[0]!;
    const { shape, dtype } = draft.typeOf(value);
    const rowMajor = (storage: 'static' | 'constant'): Stored =>
      draft.buffers.tensor(shape, dtype, { strides: stridesOf(shape), storage });
    switch (node.kind) {
      case 'variable':
        draft.place(value, draft.buffers.variable(node.attributes.name, shape, dtype));
        break;
      case 'input':
        inputs.set(node.attributes.name, rowMajor('static'));
        draft.place(value, inputs.get(node.attributes.name)!);
        break;
      case 'uniform':
        uniforms.push({ stream: node.attributes.stream, stored: rowMajor('static') });
        draft.place(value, uniforms.at(-1)!.stored);
        break;
      case 'constant':
        if (dtype === 'f32' && node.attributes.data.length === 1) {
          draft.define(value, literal(node.attributes.data[0]!, shape));
          break;
        }
        constants.push({ stored: rowMajor('constant'), data: node.attributes.data });
        draft.place(value, constants.at(-1)!.stored);
    }
  }
  return { inputs, uniforms, constants };
}

/** Rounds the filters that are variables to bf16 at the beginning, so that one launch does it, and then turns those of single channels. */
function prepareFilters(draft: Draft, nodes: readonly LoweredNode[]): void {
  const turned: (() => void)[] = [];
  for (const node of nodes) {
    if (node.kind !== 'conv2d' && node.kind !== 'conv2dFused') continue;
    const [x, filter] = node.inputs as [ValueId, ValueId];
    if (draft.usage.makerOf(filter)?.kind !== 'variable') continue;
    const geometry = node.kind === 'conv2d' ? node.attributes : node.attributes.geometry;
    draft.begin(node);
    if (isDepthwise(draft.shapeOf(x), draft.shapeOf(filter), geometry))
      turned.push(() => filterByPlace(draft, filter));
    else if (draft.arithmetic === 'bf16' && !needsChannels(draft, draft.shapeOf(x), geometry))
      draft.storedAs(filter, 'bf16');
  }
  for (const turn of turned) turn();
}

/** A value row-major in memory that nothing else writes. */
function planOutput(draft: Draft, value: ValueId): Stored {
  const { shape, dtype } = draft.typeOf(value);
  const target = draft.buffers.tensor(shape, dtype, { strides: stridesOf(shape), storage: 'static' });
  draft.store([{ expression: draft.expression(value), target }]);
  return target;
}
