import type {
  ActivationFunction,
  BinaryFunction,
  Comparison,
  ShapeRules,
  Unary,
  UnaryFunction,
  UnaryTable,
} from '../op.js';
import { emitOne, type GradientRules, type Tensor } from '../tensor.js';
import { broadcastShapes, GraphError } from '../tensorType.js';
import { expectFloats, expectInputs, expectShape, f32 } from './check.js';

type ElementwiseKind = 'unary' | 'unaryGrad' | 'binary' | 'compare' | 'select';

/** A tensor, or a number for a scalar constant. */
export type Operand = Tensor | number;

function unary(attributes: Unary, x: Tensor): Tensor {
  return emitOne('unary', attributes, [x]);
}

/** max(x, 0). */
export const relu = (x: Tensor): Tensor => unary({ fn: 'relu' }, x);
/** x·min(max(x + 3, 0), 6)/6 (MobileNetV3, section 5.2). */
export const hswish = (x: Tensor): Tensor => unary({ fn: 'hswish' }, x);
/** min(max(x + 3, 0), 6)/6. */
export const hsigmoid = (x: Tensor): Tensor => unary({ fn: 'hsigmoid' }, x);
/** 1/(1 + e⁻ˣ). */
export const sigmoid = (x: Tensor): Tensor => unary({ fn: 'sigmoid' }, x);
/** (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ). */
export const tanh = (x: Tensor): Tensor => unary({ fn: 'tanh' }, x);
/** x·sigmoid(x) (Elfwing et al., 2017), also called swish. */
export const silu = (x: Tensor): Tensor => unary({ fn: 'silu' }, x);
/** x·Φ(x) = x·(1 + erf(x/√2))/2 (Hendrycks and Gimpel, 2016): the exact form, PyTorch's default. */
export const gelu = (x: Tensor): Tensor => unary({ fn: 'gelu' }, x);
/**
 * min(max(x, min), max), with bounds rounded to 32 bits. The gradient is 0 at both bounds, as in PyTorch's `relu6` and
 * `hardtanh`.
 *
 * @throws GraphError unless min < max
 */
export const clamp = (x: Tensor, min: number, max: number): Tensor =>
  // A result is compared with the bounds for the gradient: in 32 bits it could lie beside a bound that these cannot hold.
  unary({ fn: 'clamp', min: Math.fround(min), max: Math.fround(max) }, x);
/** min(max(x, 0), 6) (MobileNet). */
export const relu6 = (x: Tensor): Tensor => clamp(x, 0, 6);
/**
 * x where x > 0, else slope·x (slope 0.01 by default, as PyTorch).
 *
 * @throws GraphError for a negative slope
 */
export const leakyRelu = (x: Tensor, slope = 0.01): Tensor => unary({ fn: 'leakyRelu', slope }, x);
/** eˣ. */
export const exp = (x: Tensor): Tensor => unary({ fn: 'exp' }, x);
/** Natural logarithm. */
export const log = (x: Tensor): Tensor => unary({ fn: 'log' }, x);
/** Square root. */
export const sqrt = (x: Tensor): Tensor => unary({ fn: 'sqrt' }, x);
/** −x. */
export const neg = (x: Tensor): Tensor => unary({ fn: 'neg' }, x);
/** |x|. */
export const abs = (x: Tensor): Tensor => unary({ fn: 'abs' }, x);

/** Makes a scalar constant of a number, in the graph of the other operand. */
function operands(a: Operand, b: Operand): [Tensor, Tensor] {
  const scope = typeof a === 'number' ? b : a;
  if (typeof scope === 'number')
    throw new GraphError('an elementwise operation needs a tensor, not two numbers');
  const tensor = (value: Operand): Tensor =>
    typeof value === 'number'
      ? scope.graph.emit('constant', { shape: [], dtype: 'f32', data: Float32Array.of(value) }, [])[0]!
      : value;
  return [tensor(a), tensor(b)];
}

function binary(fn: BinaryFunction, a: Operand, b: Operand): Tensor {
  return emitOne('binary', { fn }, operands(a, b));
}

/** a + b, broadcast. */
export const add = (a: Operand, b: Operand): Tensor => binary('add', a, b);
/** a − b, broadcast. */
export const sub = (a: Operand, b: Operand): Tensor => binary('sub', a, b);
/** a·b, broadcast. */
export const mul = (a: Operand, b: Operand): Tensor => binary('mul', a, b);
/** a/b, broadcast. */
export const div = (a: Operand, b: Operand): Tensor => binary('div', a, b);
/** The smaller of a and b, broadcast. */
export const minimum = (a: Operand, b: Operand): Tensor => binary('min', a, b);
/** The larger of a and b, broadcast. */
export const maximum = (a: Operand, b: Operand): Tensor => binary('max', a, b);

function compare(fn: Comparison, a: Operand, b: Operand): Tensor {
  return emitOne('compare', { fn }, operands(a, b));
}

/** 1 where a = b, else 0. */
export const equal = (a: Operand, b: Operand): Tensor => compare('equal', a, b);
/** 1 where a < b, else 0. */
export const less = (a: Operand, b: Operand): Tensor => compare('less', a, b);
/** 1 where a > b, else 0. */
export const greater = (a: Operand, b: Operand): Tensor => compare('greater', a, b);
/** 1 where a ≥ b, else 0. */
export const greaterOrEqual = (a: Operand, b: Operand): Tensor => compare('greaterOrEqual', a, b);

/** a where `condition` is not 0, else b; all broadcast. */
export function select(condition: Tensor, a: Operand, b: Operand): Tensor {
  const [left] = operands(a, condition);
  const [right] = operands(b, condition);
  return emitOne('select', {}, [condition, left, right]);
}

/**
 * The logarithm of `sigmoid(x)` as min(x, 0) − log(1 + e⁻|ˣ|), which is exact where the sigmoid itself is so small that an engine
 * rounds it to 0 (ONNX Runtime from about −18 on).
 */
export function logSigmoid(x: Tensor): Tensor {
  return sub(minimum(x, 0), log(add(exp(neg(abs(x))), 1)));
}

/** Rejects parameters that a function is not defined for. */
function expectParameters(attributes: Unary): void {
  if (attributes.fn === 'clamp' && !(attributes.min < attributes.max))
    throw new GraphError(`clamp: ${attributes.min} is not less than ${attributes.max}`);
  if (
    attributes.fn === 'leakyRelu' &&
    !(attributes.slope >= 0 && attributes.slope < Number.POSITIVE_INFINITY)
  )
    throw new GraphError(`leakyRelu: the slope must be a number of 0 or more, not ${attributes.slope}`);
}

/** Shape rules of elementwise operations. */
export const elementwiseShapes: ShapeRules<ElementwiseKind> = {
  unary: (attributes, inputs) => {
    const { fn } = attributes;
    expectParameters(attributes);
    expectInputs(fn, inputs, 1);
    expectFloats(fn, inputs);
    return [inputs[0]!];
  },
  unaryGrad: (attributes, inputs) => {
    const { fn } = attributes;
    expectParameters(attributes);
    expectInputs(`${fn} gradient`, inputs, 2);
    expectFloats(`${fn} gradient`, inputs);
    expectShape(`${fn} gradient`, 'saved tensor', inputs[1]!.shape, inputs[0]!.shape);
    return [inputs[0]!];
  },
  binary: ({ fn }, inputs) => {
    expectInputs(fn, inputs, 2);
    expectFloats(fn, inputs);
    return [f32(broadcastShapes(inputs[0]!.shape, inputs[1]!.shape))];
  },
  compare: ({ fn }, inputs) => {
    expectInputs(fn, inputs, 2);
    expectFloats(fn, inputs);
    return [f32(broadcastShapes(inputs[0]!.shape, inputs[1]!.shape))];
  },
  select: (_, inputs) => {
    expectInputs('select', inputs, 3);
    expectFloats('select', inputs);
    const shape = broadcastShapes(inputs[1]!.shape, inputs[2]!.shape);
    return [f32(broadcastShapes(inputs[0]!.shape, shape))];
  },
};

/** The tensor that an activation's gradient is computed from: x or y. */
const savedByActivation: { readonly [F in ActivationFunction]: 'x' | 'y' } = {
  relu: 'y',
  hswish: 'x',
  hsigmoid: 'x',
  sigmoid: 'y',
  tanh: 'y',
  silu: 'x',
  gelu: 'x',
  clamp: 'y',
  leakyRelu: 'y',
};

function isActivation(attributes: Unary): attributes is Unary<ActivationFunction> {
  return attributes.fn in savedByActivation;
}

/** Derivatives of the other unary functions, given x, y = f(x) and dy. */
const unaryDerivatives: {
  readonly [F in Exclude<UnaryFunction, ActivationFunction>]: (x: Tensor, y: Tensor, dy: Tensor) => Tensor;
} = {
  exp: (_, y, dy) => mul(dy, y),
  log: (x, _, dy) => div(dy, x),
  sqrt: (_, y, dy) => div(dy, mul(y, 2)),
  neg: (_, __, dy) => neg(dy),
  abs: (x, _, dy) => mul(dy, sub(greater(x, 0), less(x, 0))),
};

function unaryGradient(attributes: Unary, x: Tensor, y: Tensor, dy: Tensor): Tensor {
  if (!isActivation(attributes)) return unaryDerivatives[attributes.fn](x, y, dy);
  return emitOne('unaryGrad', attributes, [dy, savedByActivation[attributes.fn] === 'x' ? x : y]);
}

/** Calls a unary function's entry of a table with its parameters. */
export function applyUnary<Arguments extends readonly unknown[], Result, F extends UnaryFunction>(
  table: UnaryTable<Arguments, Result, F>,
  attributes: Unary<F>,
  ...args: Arguments
): Result {
  return table[attributes.fn](...args, attributes);
}

/** Derivatives of each binary function, before broadcasting is undone (by the autodiff). */
const binaryDerivatives: {
  readonly [F in BinaryFunction]: (a: Tensor, b: Tensor, y: Tensor, dy: Tensor) => Tensor[];
} = {
  add: (_, __, ___, dy) => [dy, dy],
  sub: (_, __, ___, dy) => [dy, neg(dy)],
  mul: (a, b, _, dy) => [mul(dy, b), mul(dy, a)],
  div: (_, b, y, dy) => [div(dy, b), neg(div(mul(dy, y), b))],
  min: (a, b, _, dy) => shareTies(less(a, b), equal(a, b), dy),
  max: (a, b, _, dy) => shareTies(greater(a, b), equal(a, b), dy),
};

/** Gradient to a where it wins, to b where it loses, half to each in a tie (PyTorch's rule). */
function shareTies(wins: Tensor, ties: Tensor, dy: Tensor): Tensor[] {
  const share = add(wins, mul(ties, 0.5));
  return [mul(dy, share), mul(dy, sub(1, share))];
}

/** Gradient rules of elementwise operations. */
export const elementwiseGradients: GradientRules<ElementwiseKind> = {
  unary: ({ attributes, inputs, outputs }, [dy]) => [unaryGradient(attributes, inputs[0]!, outputs[0]!, dy!)],
  unaryGrad: { unsupported: 'second derivatives are not supported' },
  binary: ({ attributes, inputs, outputs }, [dy]) =>
    binaryDerivatives[attributes.fn](inputs[0]!, inputs[1]!, outputs[0]!, dy!),
  compare: { none: 'a comparison is constant almost everywhere' },
  select: ({ inputs }, [dy]) => [null, select(inputs[0]!, dy!, 0), select(inputs[0]!, 0, dy!)],
};
