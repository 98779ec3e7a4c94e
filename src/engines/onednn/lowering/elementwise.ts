import type { ActivationFunction, Unary, UnaryTable } from '../../../graph/op.js';
import { applyUnary } from '../../../graph/ops/elementwise.js';
import type { ValueId } from '../../../graph/program.js';
import { type Shape, sameShape, sizeOf } from '../../../graph/tensorType.js';
import { ARG } from '../dnnl.js';
import type { Place } from '../plan/place.js';
import type { Planner } from '../plan/planner.js';
import type { BinaryAlgorithm, BinarySpec, EltwiseFunction, PostOp, SumSpec } from '../primitiveSpec.js';
import { arithmetic, withConstant } from './arithmetic.js';
import { type Lowerings, onHost, SMALL } from './lowering.js';

interface Eltwise {
  readonly fn: EltwiseFunction;
  readonly alpha: number;
  readonly beta: number;
  readonly postOps?: readonly PostOp[];
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

function isLarge(planner: Planner, value: ValueId): boolean {
  return sizeOf(planner.shapeOf(value)) >= SMALL;
}

/** Whether a function of a value is computed by primitives: of an image, or of what is as large; all else by the host. */
function isNative(planner: Planner, value: ValueId): boolean {
  return planner.shapeOf(value).length === 4 || isLarge(planner, value);
}

function scaleInPlace(planner: Planner, place: Place, factor: number): void {
  const spec = { kind: 'eltwise', pass: 'forward', ...eltwise('linear', factor), data: place.desc } as const;
  planner.execute(spec, planner.prepare(spec), { [ARG.src]: place }, { [ARG.dst]: place });
}

/** y = fn(a, b) for places of one layout. */
export function binary(
  planner: Planner,
  fn: BinaryAlgorithm,
  [a, b]: readonly [Place, Place],
  y: ValueId,
  postOps: readonly PostOp[] = [],
): void {
  const spec: BinarySpec = { kind: 'binary', fn, a: a.desc, b: b.desc, dst: a.desc, postOps };
  const primitive = planner.prepare(spec);
  const dst = planner.mayOverwrite(a)
    ? planner.define(y, a)
    : planner.outputOver(y, b.desc.key === a.desc.key ? b : a);
  planner.execute(spec, primitive, { [ARG.src]: a, [ARG.src1]: b }, { [ARG.dst]: dst });
}

/** Operands of one shape, in one layout. */
function operands(planner: Planner, inputs: readonly ValueId[]): [Place, Place] {
  const a = planner.first(inputs[0]!);
  return [a, planner.as(inputs[1]!, a.desc)];
}

/** Adds a part of a larger tensor onto the other operand, if there is such a part and the operand may be overwritten. */
function addPart(planner: Planner, [a, b]: readonly ValueId[], y: ValueId): boolean {
  const parts = [a!, b!].filter((value) => planner.origin(value).isPart);
  if (parts.length !== 1 || !sameShape(planner.shapeOf(a!), planner.shapeOf(b!))) return false;
  const onto = planner.first(parts[0] === a ? b! : a!);
  if (!planner.mayOverwrite(onto)) return false;
  planner.reorder(planner.origin(parts[0]!), onto, true);
  planner.define(y, onto);
  return true;
}

/** Whether b has one number for each image and channel of a. */
function isChannelScale(a: Shape, b: Shape): boolean {
  return sameShape(b, [a[0]!, a[1]!, 1, 1]) && a.length === 4;
}

/** Elementwise operations: on images and large tensors by primitives, on small tensors by the host. */
export const elementwiseLowerings: Lowerings<
  'unary' | 'unaryGrad' | 'binary' | 'addRelu' | 'weightedSum' | 'compare' | 'select'
> = {
  unary: (planner, node) => {
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    if (!isNative(planner, x)) {
      onHost(planner, node);
      return;
    }
    const src = planner.first(x);
    const spec = {
      kind: 'eltwise',
      pass: 'forward',
      data: src.desc,
      ...applyUnary(functions, node.attributes),
    } as const;
    const dst = planner.outputOver(y, src);
    planner.execute(spec, planner.prepare(spec), { [ARG.src]: src }, { [ARG.dst]: dst });
  },
  unaryGrad: (planner, node) => {
    const [dy, saved] = node.inputs as [ValueId, ValueId];
    if (!isNative(planner, dy)) {
      onHost(planner, node);
      return;
    }
    const { of, factor = 1, ...fn } = applyUnary(gradients, node.attributes);
    const data = planner.first(saved);
    const diff = planner.as(dy, data.desc);
    // As one axis: for channels that do not fill a block, the library has only slow code.
    const { desc } = planner.flat(data);
    const spec = { kind: 'eltwise', pass: 'gradient', ...fn, data: desc, diff: desc } as const;
    const dx = planner.outputOver(node.outputs[0]!, diff);
    const reads = { [ARG[of]]: planner.flat(data), [ARG.diffDst]: planner.flat(diff) };
    planner.execute(spec, planner.prepare(spec), reads, { [ARG.diffSrc]: planner.flat(dx) });
    if (factor !== 1) scaleInPlace(planner, planner.flat(dx), factor);
  },
  binary: (planner, node) => {
    const { fn } = node.attributes;
    const [a, b] = node.inputs.map((value) => planner.shapeOf(value)) as [Shape, Shape];
    const y = node.outputs[0]!;
    const withZeros = fn !== 'div'; // The zeros that fill up a block would become 0/0.
    if (fn === 'add' && addPart(planner, node.inputs, y)) return;
    if (withZeros && a.length === 4 && sameShape(a, b))
      binary(planner, fn, operands(planner, node.inputs), y);
    else if (withZeros && isChannelScale(a, b)) scaleChannels(planner, fn, node.inputs, y);
    else if (!isLarge(planner, y)) onHost(planner, node);
    else if (!withConstant(planner, fn, node.inputs, y)) arithmetic(planner, fn, node.inputs, y);
  },
  addRelu: (planner, { inputs, outputs }) =>
    binary(planner, 'add', operands(planner, inputs), outputs[0]!, [
      { kind: 'eltwise', fn: 'relu', alpha: 0, beta: 0 },
    ]),
  weightedSum: (planner, { attributes, inputs, outputs }) => {
    const [a, b] = inputs.map((value) => planner.plain(value)) as [Place, Place];
    const y = outputs[0]!;
    const inPlace = planner.updatesInPlace(inputs[0]!, y, a);
    const target = inPlace ? planner.define(y, a) : planner.output(y, a.desc);
    const [weightA, weightB] = attributes.weights;
    if (isLarge(planner, y)) {
      const spec: SumSpec = {
        kind: 'sum',
        scales: attributes.weights,
        sources: [a.desc, b.desc],
        dst: a.desc,
      };
      const reads = { [ARG.multipleSrc]: a, [ARG.multipleSrc + 1]: b };
      planner.execute(spec, planner.prepare(spec), reads, { [ARG.dst]: target });
      return;
    }
    planner.host([a, b], [target], ([from, other], [to]) => {
      for (let i = 0; i < to!.length; i++) to![i] = weightA * from![i]! + weightB * other![i]!;
    });
  },
  compare: (planner, node) => {
    if (isLarge(planner, node.outputs[0]!))
      arithmetic(planner, node.attributes.fn, node.inputs, node.outputs[0]!);
    else onHost(planner, node);
  },
  // The library has no selection, and one made of products would turn what is not selected, if infinite, to NaN.
  select: onHost,
};

/** a [N,C,H,W] with b [N,C,1,1], in the layout of images: the only one that the library repeats b fast in. */
function scaleChannels(planner: Planner, fn: BinaryAlgorithm, inputs: readonly ValueId[], y: ValueId): void {
  const [a, b] = inputs.map((value) => planner.as(value, planner.images(planner.shapeOf(value)))) as [
    Place,
    Place,
  ];
  const spec: BinarySpec = { kind: 'binary', fn, a: a.desc, b: b.desc, dst: a.desc };
  const dst = planner.outputOver(y, a);
  planner.execute(spec, planner.prepare(spec), { [ARG.src]: a, [ARG.src1]: b }, { [ARG.dst]: dst });
}
