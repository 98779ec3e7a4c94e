import { UserError } from '../../errors.js';
import type { NodeProto } from './onnx_pb.js';

/** The lowest version of the standard operator set that models are written in. */
export const LOWEST_OPSET = 13;
/** The highest. */
export const HIGHEST_OPSET = 20;

/** From this version on, all reductions take their axes as an input; before it, ReduceSum alone does. */
const AXES_AS_INPUT = 18;

/** Operators that are written as version 13 has them. */
const OLD = new Set(
  [
    'Abs Add And AveragePool Cast Clip Concat ConstantOfShape Conv ConvTranspose Div Equal Erf Exp Expand Flatten',
    'Gather GatherElements Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual HardSigmoid Identity LeakyRelu',
    'Less LessOrEqual Log LogSoftmax MatMul Max MaxPool Min Mul Neg Not Or Pad Pow ReduceSum Relu Reshape Sigmoid',
    'Slice Softmax Sqrt Squeeze Sub Tanh Tile Transpose Unsqueeze Where',
  ].flatMap((names) => names.split(' ')),
);

/** Version from which the others are as they are written here. */
const sinceVersion: Readonly<Record<string, number>> = { HardSwish: 14, Gelu: 20 };

const has = ({ attribute }: NodeProto, name: string): boolean => attribute.some((one) => one.name === name);

/** Version that a node's form needs. */
function versionOf(node: NodeProto): number {
  const { opType } = node;
  if (opType === 'BatchNormalization') return has(node, 'training_mode') ? 14 : LOWEST_OPSET;
  if (opType === 'Shape') return has(node, 'start') ? 15 : LOWEST_OPSET;
  if (opType === 'ScatterElements') return has(node, 'reduction') ? 16 : LOWEST_OPSET;
  if (opType.startsWith('Reduce') && !OLD.has(opType))
    return node.input.length > 1 ? AXES_AS_INPUT : LOWEST_OPSET;
  const version = OLD.has(opType) ? LOWEST_OPSET : sinceVersion[opType];
  if (version === undefined) throw new Error(`the lowest operator set that has ${opType} is not known`);
  return version;
}

/** The version that a graph needs, and an operator that needs it. */
export interface NeededOpset {
  readonly opset: number;
  readonly operator: string | undefined;
}

/**
 * The lowest version of the standard operator set that has all of a graph's nodes in the form in which they are
 * written; at least {@link LOWEST_OPSET}.
 */
export function neededOpset(nodes: readonly NodeProto[]): NeededOpset {
  let needed: NeededOpset = { opset: LOWEST_OPSET, operator: undefined };
  for (const node of nodes) {
    const opset = node.domain === '' ? versionOf(node) : LOWEST_OPSET;
    if (opset > needed.opset) needed = { opset, operator: node.opType };
  }
  return needed;
}

/**
 * Refuses a version that lacks one of a graph's operators.
 *
 * @throws UserError naming the operator
 */
export function expectOpset(nodes: readonly NodeProto[], opset: number): void {
  const needed = neededOpset(nodes);
  if (needed.opset > opset)
    throw new UserError(`${needed.operator} needs operator set ${needed.opset}, but ${opset} was asked for`);
}

/** Whether a reduction takes its axes as an input in a version, rather than as an attribute. */
export function takesAxesAsInput(operator: string, opset: number): boolean {
  return operator === 'ReduceSum' || opset >= AXES_AS_INPUT;
}

/** Version of the file format that goes with a version of the operator set. */
export function irVersionOf(opset: number): bigint {
  if (opset < 15) return 7n;
  return opset < 19 ? 8n : 9n;
}
