import type { ActivationFunction, Unary, UnaryTable } from '../../../graph/op.js';
import { applyUnary } from '../../../graph/ops/elementwise.js';
import type { ValueId } from '../../../graph/program.js';
import { type Shape, sameShape, sizeOf } from '../../../graph/tensorType.js';
import { ARG } from '../dnnl.js';
import { elementBytes } from '../memoryDesc.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
import type { BinaryAlgorithm, BinarySpec, EltwiseFunction, PostOp, SumSpec } from '../primitiveSpec.js';
import { arithmetic, withConstant } from './arithmetic.js';
import { type Lowerings, onHost, SMALL } from './lowering.js';

type EltwisePostOp = Extract<PostOp, { readonly kind: 'eltwise' }>;

interface Eltwise {
  readonly fn: EltwiseFunction;
  readonly alpha: number;
  readonly beta: number;
  readonly postOps?: readonly EltwisePostOp[];
}

function eltwise(fn: EltwiseFunction, alpha = 0, beta = 0): Eltwise {
  return { fn, alpha, beta };
}

/** Unary functions as the library has them; α and β as in its documentation. */
const functions: UnaryTable<[], Eltwise> = {
  relu: () => eltwise('relu'),
  hswish: () => eltwise('hardswish', 1 / 6, 0.5),
  hsigmoid: () => ({
    ...eltwise('linear', 1 / 6, 0.5),
    postOps: [{ kind: 'eltwise', ...eltwise('clip', 0, 1) }],
  }),
  sigmoid: () => eltwise('logistic'),
  tanh: () => eltwise('tanh'),
  silu: () => eltwise('swish', 1),
  gelu: () => eltwise('gelu'),
  clamp: ({ min, max }) => eltwise('clipBetween', min, max),
  leakyRelu: ({ slope }) => eltwise('relu', slope),
  exp: () => eltwise('exp'),
  log: () => eltwise('log'),
  sqrt: () => eltwise('sqrt'),
  neg: () => eltwise('linear', -1),
  abs: () => eltwise('abs'),
};

/** A unary function as what follows another primitive. */
export function activationOps(unary: Unary): PostOp[] {
  const { postOps = [], ...first } = applyUnary(functions, unary);
  return [{ kind: 'eltwise', ...first }, ...postOps];
}

interface EltwiseGradient extends Eltwise {
  /** Of which the library computes the derivative: the function's operand or its result. */
  readonly of: 'src' | 'dst';
  /** What the gradient is multiplied by. Default 1. */
  readonly factor?: number;
}

/** Gradients as the library has them. */
const gradients: UnaryTable<[], EltwiseGradient, ActivationFunction> = {
  relu: () => ({ ...eltwise('reluFromDst'), of: 'dst' }),
  hswish: () => ({ ...eltwise('hardswish', 1 / 6, 0.5), of: 'src' }),
  hsigmoid: () => ({ ...eltwise('clipBetween', -3, 3), of: 'src', factor: 1 / 6 }),
  sigmoid: () => ({ ...eltwise('logisticFromDst'), of: 'dst' }),
  tanh: () => ({ ...eltwise('tanhFromDst'), of: 'dst' }),
  silu: () => ({ ...eltwise('swish', 1), of: 'src' }),
  gelu: () => ({ ...eltwise('gelu'), of: 'src' }),
  clamp: ({ min, max }) => ({ ...eltwise('clipBetweenFromDst', min, max), of: 'dst' }),
  leakyRelu: ({ slope }) => ({ ...eltwise('reluFromDst', slope), of: 'dst' }),
};

function isLarge(draft: Draft, value: ValueId): boolean {
  return sizeOf(draft.shapeOf(value)) >= SMALL;
}

/** Whether a function of a value is computed by primitives: of an image, or of what is as large; all else by the host. */
function isNative(draft: Draft, value: ValueId): boolean {
  return draft.shapeOf(value).length === 4 || isLarge(draft, value);
}

function applyEltwise(draft: Draft, fn: Eltwise, src: Place, dst: Place): void {
  const spec = { kind: 'eltwise', pass: 'forward', ...fn, data: src.desc } as const;
  draft.steps.primitive({ spec, reads: { [ARG.src]: src }, writes: { [ARG.dst]: dst } });
}

function scaleInPlace(draft: Draft, place: Place, factor: number): void {
  applyEltwise(draft, eltwise('linear', factor), place, place);
}

/**
 * Whether a primitive must not write its result over its first operand: with post-operations on images whose channels do not fill
 * their last block, oneDNN 2.6.3 then leaves that block as it is, with neither the result nor the operations.
 */
function keepsFirst({ desc: { bytes, shape, type } }: Place, postOps: readonly PostOp[]): boolean {
  return postOps.length > 0 && bytes !== sizeOf(shape) * elementBytes[type];
}

/** y = fn(a, b) for places of one layout. */
function binary(
  draft: Draft,
  fn: BinaryAlgorithm,
  [a, b]: readonly [Place, Place],
  y: ValueId,
  postOps: readonly PostOp[] = [],
): void {
  const { places, steps } = draft;
  const spec: BinarySpec = { kind: 'binary', fn, a: a.desc, b: b.desc, dst: a.desc, postOps };
  const primitive = steps.prepare(spec);
  const keepsA = keepsFirst(a, postOps);
  const over = !keepsA && places.mayOverwrite(a) ? a : b;
  const dst = keepsA && over.buffer === a.buffer ? places.output(y, a.desc) : places.outputOver(y, over);
  steps.primitive({ spec, primitive, reads: { [ARG.src]: a, [ARG.src1]: b }, writes: { [ARG.dst]: dst } });
}

/** y = a + b, followed by post-operations, for places of one layout. */
export function addThen(
  draft: Draft,
  [a, b]: readonly [Place, Place],
  y: ValueId,
  postOps: readonly PostOp[],
): void {
  const swaps = keepsFirst(a, postOps) && !draft.places.mayOverwrite(b);
  binary(draft, 'add', swaps ? [b, a] : [a, b], y, postOps);
}

/** Operands of one shape, in one layout. */
function operands(draft: Draft, inputs: readonly ValueId[]): [Place, Place] {
  const a = draft.places.first(inputs[0]!);
  return [a, draft.places.as(inputs[1]!, a.desc)];
}

/** Adds a part of a larger tensor onto the other operand, if there is such a part and the operand may be overwritten. */
function addPart(draft: Draft, [a, b]: readonly ValueId[], y: ValueId): boolean {
  const parts = [a!, b!].filter((value) => draft.places.origin(value).isPart);
  if (parts.length !== 1 || !sameShape(draft.shapeOf(a!), draft.shapeOf(b!))) return false;
  const onto = draft.places.first(parts[0] === a ? b! : a!);
  if (!draft.places.mayOverwrite(onto)) return false;
  draft.steps.reorder(draft.places.origin(parts[0]!), onto, { sum: true });
  draft.places.define(y, onto);
  return true;
}

/**
 * Whether b has one number for each image and channel of a, and more than one: a single one oneDNN 2.6.3 repeats
 * wrongly in blocks that zeros fill up, where it writes over a.
 */
function isChannelScale(a: Shape, b: Shape): boolean {
  return a.length === 4 && sameShape(b, [a[0]!, a[1]!, 1, 1]) && sizeOf(b) > 1;
}

/** Elementwise operations: on images and large tensors by primitives, on small tensors by the host. */
export const elementwiseLowerings: Lowerings<
  'unary' | 'unaryGrad' | 'binary' | 'addRelu' | 'weightedSum' | 'compare' | 'select'
> = {
  unary: (draft, node) => {
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    if (!isNative(draft, x)) {
      onHost(draft, node);
      return;
    }
    const src = draft.places.first(x);
    const { postOps = [], ...first } = applyUnary(functions, node.attributes);
    const dst = draft.places.outputOver(y, src);
    applyEltwise(draft, first, src, dst);
    // One after the other: with a post-operation the library has only slow code (oneDNN 2.6.3: 20 times).
    for (const { kind: _, ...next } of postOps) applyEltwise(draft, next, dst, dst);
  },
  unaryGrad: (draft, node) => {
    const [dy, saved] = node.inputs as [ValueId, ValueId];
    if (!isNative(draft, dy)) {
      onHost(draft, node);
      return;
    }
    const { of, factor = 1, ...fn } = applyUnary(gradients, node.attributes);
    const data = draft.places.first(saved);
    const diff = draft.places.as(dy, data.desc);
    // As one axis: for channels that do not fill a block, the library has only slow code.
    const { desc } = draft.layouts.flat(data);
    const spec = { kind: 'eltwise', pass: 'gradient', ...fn, data: desc, diff: desc } as const;
    const dx = draft.places.outputOver(node.outputs[0]!, diff);
    const reads = { [ARG[of]]: draft.layouts.flat(data), [ARG.diffDst]: draft.layouts.flat(diff) };
    draft.steps.primitive({ spec, reads, writes: { [ARG.diffSrc]: draft.layouts.flat(dx) } });
    if (factor !== 1) scaleInPlace(draft, draft.layouts.flat(dx), factor);
  },
  binary: (draft, node) => {
    const { fn } = node.attributes;
    const [a, b] = node.inputs.map((value) => draft.shapeOf(value)) as [Shape, Shape];
    const y = node.outputs[0]!;
    const withZeros = fn !== 'div'; // The zeros that fill up a block would become 0/0.
    if (fn === 'add' && addPart(draft, node.inputs, y)) return;
    if (withZeros && a.length === 4 && sameShape(a, b)) binary(draft, fn, operands(draft, node.inputs), y);
    else if (withZeros && isChannelScale(a, b)) scaleChannels(draft, fn, node.inputs, y);
    else if (!isLarge(draft, y)) onHost(draft, node);
    else if (!withConstant(draft, fn, node.inputs, y)) arithmetic(draft, fn, node.inputs, y);
  },
  addRelu: (draft, { inputs, outputs }) =>
    addThen(draft, operands(draft, inputs), outputs[0]!, [
      { kind: 'eltwise', fn: 'relu', alpha: 0, beta: 0 },
    ]),
  weightedSum: (draft, { attributes, inputs, outputs }) => {
    const [a, b] = inputs.map((value) => draft.places.plain(value)) as [Place, Place];
    const y = outputs[0]!;
    const inPlace = draft.places.updatesInPlace({ old: inputs[0]!, updated: y, place: a });
    const target = inPlace ? draft.places.define(y, a) : draft.places.output(y, a.desc);
    const [weightA, weightB] = attributes.weights;
    if (isLarge(draft, y)) {
      const spec: SumSpec = {
        kind: 'sum',
        scales: attributes.weights,
        sources: [a.desc, b.desc],
        dst: a.desc,
      };
      const reads = { [ARG.multipleSrc]: a, [ARG.multipleSrc + 1]: b };
      draft.steps.primitive({ spec, reads, writes: { [ARG.dst]: target } });
      return;
    }
    draft.steps.host({
      inputs: [a, b],
      outputs: [target],
      compute: ([from, other], [to]) => {
        for (let i = 0; i < to!.length; i++) to![i] = weightA * from![i]! + weightB * other![i]!;
      },
    });
  },
  compare: (draft, node) => {
    if (isLarge(draft, node.outputs[0]!))
      arithmetic(draft, node.attributes.fn, node.inputs, node.outputs[0]!);
    else onHost(draft, node);
  },
  // The library has no selection, and one made of products would turn what is not selected, if infinite, to NaN.
  select: onHost,
};

/** a [N,C,H,W] with b [N,C,1,1], in the layout of images: the only one that the library repeats b fast in. */
function scaleChannels(draft: Draft, fn: BinaryAlgorithm, inputs: readonly ValueId[], y: ValueId): void {
  const [a, b] = inputs.map((value) =>
    draft.places.as(value, draft.layouts.images(draft.shapeOf(value))),
  ) as [Place, Place];
  const spec: BinarySpec = { kind: 'binary', fn, a: a.desc, b: b.desc, dst: a.desc };
  const dst = draft.places.outputOver(y, a);
  draft.steps.primitive({ spec, reads: { [ARG.src]: a, [ARG.src1]: b }, writes: { [ARG.dst]: dst } });
}
