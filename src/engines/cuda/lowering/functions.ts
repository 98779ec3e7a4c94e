import type { ActivationFunction, BinaryFunction, Comparison, Unary, UnaryTable } from '../../../graph/op.js';
import { applyUnary } from '../../../graph/ops/elementwise.js';
import { floatText } from '../codegen/expression.js';

const HSIGMOID = (x: string): string => `(within(${x} + 3.0f, 0.0f, 6.0f) / 6.0f)`;

/** Φ, the normal distribution. */
const NORMAL = (x: string): string => `(0.5f * (1.0f + erff(${x} * ${floatText(Math.SQRT1_2)})))`;

const unaryTexts: UnaryTable<[x: string], string> = {
  relu: (x) => `larger(${x}, 0.0f)`,
  hswish: (x) => `(${x} * ${HSIGMOID(x)})`,
  hsigmoid: HSIGMOID,
  sigmoid: (x) => `sigmoidOf(${x})`,
  tanh: (x) => `tanhf(${x})`,
  silu: (x) => `(${x} * sigmoidOf(${x}))`,
  gelu: (x) => `(${x} * ${NORMAL(x)})`,
  clamp: (x, { min, max }) => `within(${x}, ${floatText(min)}, ${floatText(max)})`,
  leakyRelu: (x, { slope }) => `(${x} > 0.0f ? ${x} : ${floatText(slope)} * ${x})`,
  exp: (x) => `expf(${x})`,
  log: (x) => `logf(${x})`,
  sqrt: (x) => `sqrtf(${x})`,
  neg: (x) => `(-${x})`,
  abs: (x) => `fabsf(${x})`,
};

/** The number of bf16 that is nearest, of two the even one. */
function nearestBf16(x: number): number {
  const bits = new Uint32Array(Float32Array.of(x).buffer)[0]!;
  const even = (bits >>> 16) & 1;
  return new Float32Array(Uint32Array.of((bits + 0x7fff + even) & 0xffff0000).buffer)[0]!;
}

/** Derivatives, of what each operation saves; at a corner they are PyTorch's, of hswish version 1.13's (scalar code). */
const derivativeTexts: UnaryTable<[saved: string], string, ActivationFunction> = {
  relu: (y) => `(${y} > 0.0f ? 1.0f : 0.0f)`,
  hswish: (x) => `(${x} < -3.0f ? 0.0f : ${x} <= 3.0f ? ${x} / 3.0f + 0.5f : 1.0f)`,
  hsigmoid: (x) => `(${x} > -3.0f && ${x} < 3.0f ? ${floatText(1 / 6)} : 0.0f)`,
  sigmoid: (y) => `(${y} * (1.0f - ${y}))`,
  tanh: (y) => `(1.0f - ${y} * ${y})`,
  silu: (x) => `(sigmoidOf(${x}) * (1.0f + ${x} * (1.0f - sigmoidOf(${x}))))`,
  gelu: (x) => `(${NORMAL(x)} + ${x} * expf(-0.5f * ${x} * ${x}) * ${floatText(1 / Math.sqrt(2 * Math.PI))})`,
  // A result that was stored in bf16 lies at the rounded bound, which may be within the bounds.
  clamp: (y, { min, max }) =>
    `(${y} > ${floatText(Math.max(min, nearestBf16(min)))} && ${y} < ${floatText(Math.min(max, nearestBf16(max)))} ? 1.0f : 0.0f)`,
  leakyRelu: (y, { slope }) => `(${y} > 0.0f ? 1.0f : ${floatText(slope)})`,
};

/** A function of one number as C++. */
export function unaryText(attributes: Unary, x: string): string {
  return applyUnary(unaryTexts, attributes, x);
}

/** The gradient through a function as C++. */
export function unaryGradText(attributes: Unary<ActivationFunction>, dy: string, saved: string): string {
  return `${dy} * ${applyUnary(derivativeTexts, attributes, saved)}`;
}

/** Functions of two numbers as C++. */
export const binaryTexts: { readonly [F in BinaryFunction]: (a: string, b: string) => string } = {
  add: (a, b) => `${a} + ${b}`,
  sub: (a, b) => `${a} - ${b}`,
  mul: (a, b) => `${a} * ${b}`,
  div: (a, b) => `${a} / ${b}`,
  min: (a, b) => `smaller(${a}, ${b})`,
  max: (a, b) => `larger(${a}, ${b})`,
};

const SIGNS: Readonly<Record<Comparison, string>> = {
  equal: '==',
  less: '<',
  greater: '>',
  greaterOrEqual: '>=',
};

/** A comparison as C++. */
export function comparisonText(fn: Comparison, a: string, b: string): string {
  return `(${a} ${SIGNS[fn]} ${b} ? 1.0f : 0.0f)`;
}
