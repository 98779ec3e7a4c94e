import type { ActivationFunction, UnaryFunction } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import { type Shape, sameShape } from '../../../graph/tensorType.js';
import { ARG } from '../dnnl.js';
import type { Place } from '../plan/place.js';
import type { Planner } from '../plan/planner.js';
import type { BinaryAlgorithm, BinarySpec, EltwiseFunction, PostOp } from '../primitiveSpec.js';
import { type Lowerings, onHost } from './lowering.js';

interface Eltwise {
  readonly fn: EltwiseFunction;
  readonly alpha: number;
  readonly beta: number;
  readonly postOps?: readonly PostOp[];
}

/** Unary functions as the library has them; α and β as in its documentation. */
const functions: { readonly [F in UnaryFunction]: Eltwise } = {
  relu: { fn: 'relu', alpha: 0, beta: 0 },
  hswish: { fn: 'hardswish', alpha: 1 / 6, beta: 0.5 },
  hsigmoid: {
    fn: 'linear',
    alpha: 1 / 6,
    beta: 0.5,
    postOps: [{ kind: 'eltwise', fn: 'clip', alpha: 0, beta: 1 }],
  },
  sigmoid: { fn: 'logistic', alpha: 0, beta: 0 },
  exp: { fn: 'exp', alpha: 0, beta: 0 },
  log: { fn: 'log', alpha: 0, beta: 0 },
  sqrt: { fn: 'sqrt', alpha: 0, beta: 0 },
  neg: { fn: 'linear', alpha: -1, beta: 0 },
  abs: { fn: 'abs', alpha: 0, beta: 0 },
};

/** A unary function as what follows another primitive. */
export function activationOps(fn: UnaryFunction): PostOp[] {
  const { postOps = [], ...eltwise } = functions[fn];
  return [{ kind: 'eltwise', ...eltwise }, ...postOps];
}

/** Gradients that the library computes; the others are rare. */
const gradients: { readonly [F in ActivationFunction]?: EltwiseFunction } = {
  relu: 'reluFromDst',
  sigmoid: 'logisticFromDst',
  hswish: 'hardswish',
};

/** Whether a value is an image: those are large, and everything else is computed on the host. */
function isImage(planner: Planner, value: ValueId): boolean {
  return planner.shapeOf(value).length === 4;
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

/** Elementwise operations: on images by primitives, on small tensors by the host. */
export const elementwiseLowerings: Lowerings<
  'unary' | 'unaryGrad' | 'binary' | 'addRelu' | 'weightedSum' | 'compare' | 'select'
> = {
  unary: (planner, node) => {
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    if (!isImage(planner, x)) {
      onHost(planner, node);
      return;
    }
    const src = planner.first(x);
    const spec = {
      kind: 'eltwise',
      pass: 'forward',
      data: src.desc,
      ...functions[node.attributes.fn],
    } as const;
    const dst = planner.outputOver(y, src);
    planner.execute(spec, planner.prepare(spec), { [ARG.src]: src }, { [ARG.dst]: dst });
  },
  unaryGrad: (planner, node) => {
    const [dy, saved] = node.inputs as [ValueId, ValueId];
    const fn = gradients[node.attributes.fn];
    if (fn === undefined || !isImage(planner, dy)) {
      onHost(planner, node);
      return;
    }
    const data = planner.first(saved);
    const diff = planner.as(dy, data.desc);
    // As one axis: for channels that do not fill a block, the library has only slow code.
    const { desc } = planner.flat(data);
    const spec = {
      kind: 'eltwise',
      pass: 'gradient',
      fn,
      alpha: functions[node.attributes.fn].alpha,
      beta: functions[node.attributes.fn].beta,
      data: desc,
      diff: desc,
    } as const;
    const arg = fn === 'hardswish' ? ARG.src : ARG.dst;
    const dx = planner.outputOver(node.outputs[0]!, diff);
    const reads = { [arg]: planner.flat(data), [ARG.diffDst]: planner.flat(diff) };
    planner.execute(spec, planner.prepare(spec), reads, { [ARG.diffSrc]: planner.flat(dx) });
  },
  binary: (planner, node) => {
    const [a, b] = node.inputs.map((value) => planner.shapeOf(value)) as [Shape, Shape];
    if (node.attributes.fn === 'add' && addPart(planner, node.inputs, node.outputs[0]!)) return;
    // The zeros that fill up a block would become 0/0.
    if (node.attributes.fn === 'div') onHost(planner, node);
    else if (a.length === 4 && sameShape(a, b))
      binary(planner, node.attributes.fn, operands(planner, node.inputs), node.outputs[0]!);
    else if (isChannelScale(a, b)) scaleChannels(planner, node.attributes.fn, node.inputs, node.outputs[0]!);
    else onHost(planner, node);
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
    planner.host([a, b], [target], ([from, other], [to]) => {
      for (let i = 0; i < to!.length; i++) to![i] = weightA * from![i]! + weightB * other![i]!;
    });
  },
  compare: onHost,
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
