import type { ActivationFunction, BinaryFunction, Comparison, UnaryTable } from '../../../graph/op.js';
import { applyUnary } from '../../../graph/ops/elementwise.js';
import { erf } from '../erf.js';
import { type Dense, floats, type Kernels } from '../kernel.js';
import { broadcastStrides, forEachRow } from '../rows.js';

const hsigmoid = (x: number): number => Math.min(Math.max(x + 3, 0), 6) / 6;

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

/** Φ, the normal distribution. */
const normal = (x: number): number => (1 + erf(x * Math.SQRT1_2)) / 2;

const unaryFunctions: UnaryTable<[x: number], number> = {
  relu: (x) => Math.max(x, 0),
  hswish: (x) => x * hsigmoid(x),
  hsigmoid,
  sigmoid: logistic,
  tanh: (x) => Math.tanh(x),
  silu: (x) => x * logistic(x),
  gelu: (x) => x * normal(x),
  clamp: (x, { min, max }) => Math.min(Math.max(x, min), max),
  leakyRelu: (x, { slope }) => (x > 0 ? x : slope * x),
  exp: (x) => Math.exp(x),
  log: (x) => Math.log(x),
  sqrt: (x) => Math.sqrt(x),
  neg: (x) => -x,
  abs: (x) => Math.abs(x),
};

/** Derivatives, of what each operation saves; at a corner they are PyTorch's, of hswish version 1.13's (scalar code). */
const activationDerivatives: UnaryTable<[saved: number], number, ActivationFunction> = {
  relu: (y) => (y > 0 ? 1 : 0),
  hswish: (x) => (x < -3 ? 0 : x <= 3 ? x / 3 + 0.5 : 1),
  hsigmoid: (x) => (x > -3 && x < 3 ? 1 / 6 : 0),
  sigmoid: (y) => y * (1 - y),
  tanh: (y) => 1 - y * y,
  silu: (x) => logistic(x) * (1 + x * (1 - logistic(x))),
  gelu: (x) => normal(x) + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI),
  clamp: (y, { min, max }) => (y > min && y < max ? 1 : 0),
  leakyRelu: (y, { slope }) => (y > 0 ? 1 : slope),
};

const binaryFunctions: { readonly [F in BinaryFunction]: (a: number, b: number) => number } = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  min: Math.min,
  max: Math.max,
};

const comparisons: { readonly [F in Comparison]: (a: number, b: number) => number } = {
  equal: (a, b) => (a === b ? 1 : 0),
  less: (a, b) => (a < b ? 1 : 0),
  greater: (a, b) => (a > b ? 1 : 0),
  greaterOrEqual: (a, b) => (a >= b ? 1 : 0),
};

/** y = f(a, b), both broadcast to y's shape. */
function zip(f: (a: number, b: number) => number, a: Dense, b: Dense, y: Dense): void {
  const [as, bs, ys] = [floats(a), floats(b), floats(y)];
  const strides = [y, a, b].map(({ shape }) => broadcastStrides(shape, y.shape));
  forEachRow(y.shape, strides, ({ offsets, steps, count }) => {
    const [yAt, aAt, bAt] = offsets as [number, number, number];
    const [, aStep, bStep] = steps as [number, number, number];
    for (let i = 0; i < count; i++) ys[yAt + i] = f(as[aAt + i * aStep]!, bs[bAt + i * bStep]!);
  });
}

/** Functions of single elements. */
export const elementwiseKernels: Kernels<'unary' | 'unaryGrad' | 'binary' | 'compare' | 'select'> = {
  unary: (attributes, [x], [y]) => {
    const [xs, ys] = [floats(x), floats(y)];
    for (let i = 0; i < ys.length; i++) ys[i] = applyUnary(unaryFunctions, attributes, xs[i]!);
  },
  unaryGrad: (attributes, [dy, saved], [dx]) =>
    zip((d, s) => d * applyUnary(activationDerivatives, attributes, s), dy!, saved!, dx!),
  binary: ({ fn }, [a, b], [y]) => zip(binaryFunctions[fn], a!, b!, y!),
  compare: ({ fn }, [a, b], [y]) => zip(comparisons[fn], a!, b!, y!),
  select: (_, [condition, a, b], [y]) => {
    const [cs, as, bs, ys] = [floats(condition), floats(a), floats(b), floats(y)];
    const strides = [y, condition, a, b].map((tensor) => broadcastStrides(tensor!.shape, y!.shape));
    forEachRow(y!.shape, strides, ({ offsets, steps, count }) => {
      const [yAt, cAt, aAt, bAt] = offsets as [number, number, number, number];
      const [, cStep, aStep, bStep] = steps as [number, number, number, number];
      for (let i = 0; i < count; i++)
        ys[yAt + i] = cs[cAt + i * cStep] !== 0 ? as[aAt + i * aStep]! : bs[bAt + i * bStep]!;
    });
  },
};
