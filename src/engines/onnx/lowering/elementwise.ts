import { DataType } from '../../../formats/onnx/modelBuilder.js';
import type { ActivationFunction, BinaryFunction, Comparison, UnaryTable } from '../../../graph/op.js';
import { applyUnary } from '../../../graph/ops/elementwise.js';
import type { GraphBuilder, Name } from './graphBuilder.js';
import type { Lowerings } from './lowering.js';

const hsigmoid = (b: GraphBuilder, x: Name): Name =>
  b.op('HardSigmoid', [x], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } });

/** 1 + erf(x/√2), which ONNX Runtime recognises as a part of GELU. */
const doubledNormal = (b: GraphBuilder, x: Name): Name =>
  b.op('Add', [b.op('Erf', [b.op('Div', [x, b.scalar(Math.SQRT2)])]), b.scalar(1)]);

const unaryFunctions: UnaryTable<[b: GraphBuilder, x: Name], Name> = {
  relu: (b, x) => b.op('Relu', [x]),
  hswish: (b, x) => b.op('Mul', [x, hsigmoid(b, x)]),
  hsigmoid,
  sigmoid: (b, x) => b.op('Sigmoid', [x]),
  tanh: (b, x) => b.op('Tanh', [x]),
  silu: (b, x) => b.op('Mul', [x, b.op('Sigmoid', [x])]),
  gelu: (b, x) => b.op('Mul', [b.op('Mul', [x, doubledNormal(b, x)]), b.scalar(0.5)]),
  clamp: (b, x, { min, max }) => b.op('Clip', [x, b.scalar(min), b.scalar(max)]),
  leakyRelu: (b, x, { slope }) => b.op('LeakyRelu', [x], { alpha: { float: slope } }),
  exp: (b, x) => b.op('Exp', [x]),
  log: (b, x) => b.op('Log', [x]),
  sqrt: (b, x) => b.op('Sqrt', [x]),
  neg: (b, x) => b.op('Neg', [x]),
  abs: (b, x) => b.op('Abs', [x]),
};

/**
 * 1 where y > 0, else 0, for y ≥ 0: min(1, 3e38·y), one pass over memory where a comparison and a cast
 * take two. (A subnormal y gives a fraction.)
 */
function positive(b: GraphBuilder, y: Name): Name {
  return b.op('HardSigmoid', [y], { alpha: { float: 3e38 }, beta: { float: 0 } });
}

function toFloat(b: GraphBuilder, condition: Name): Name {
  return b.op('Cast', [condition], { to: DataType.FLOAT });
}

/** 1 where |x| < 3 (or ≤ 3), else 0. */
function within3(b: GraphBuilder, operator: 'Less' | 'LessOrEqual', x: Name): Name {
  return b.op(operator, [b.op('Abs', [x]), b.scalar(3)]);
}

/** Derivatives, of what each operation saves; at a corner they are PyTorch's, of hswish version 1.13's (scalar code). */
const activationGradients: UnaryTable<[b: GraphBuilder, dy: Name, saved: Name], Name, ActivationFunction> = {
  relu: (b, dy, y) => b.op('Mul', [dy, positive(b, y)]),
  hswish: (b, dy, x) => {
    const slope = b.op('Add', [b.op('Div', [x, b.scalar(3)]), b.scalar(0.5)]);
    const derivative = b.op('Where', [within3(b, 'LessOrEqual', x), slope, hsigmoid(b, x)]);
    return b.op('Mul', [dy, derivative]);
  },
  hsigmoid: (b, dy, x) =>
    b.op('Mul', [dy, b.op('Mul', [toFloat(b, within3(b, 'Less', x)), b.scalar(1 / 6)])]),
  sigmoid: (b, dy, y) => b.op('Mul', [dy, b.op('Mul', [y, b.op('Sub', [b.scalar(1), y])])]),
  tanh: (b, dy, y) => b.op('Mul', [dy, b.op('Sub', [b.scalar(1), b.op('Mul', [y, y])])]),
  silu: (b, dy, x) => {
    const s = b.op('Sigmoid', [x]);
    const bend = b.op('Mul', [x, b.op('Sub', [b.scalar(1), s])]);
    return b.op('Mul', [dy, b.op('Mul', [s, b.op('Add', [bend, b.scalar(1)])])]);
  },
  gelu: (b, dy, x) => {
    const normal = b.op('Mul', [doubledNormal(b, x), b.scalar(0.5)]);
    const density = b.op('Exp', [b.op('Mul', [b.op('Mul', [x, x]), b.scalar(-0.5)])]);
    const bend = b.op('Mul', [b.op('Mul', [x, density]), b.scalar(1 / Math.sqrt(2 * Math.PI))]);
    return b.op('Mul', [dy, b.op('Add', [normal, bend])]);
  },
  clamp: (b, dy, y, { min, max }) => {
    const inside = b.op('And', [b.op('Greater', [y, b.scalar(min)]), b.op('Less', [y, b.scalar(max)])]);
    return b.op('Where', [inside, dy, b.scalar(0)]);
  },
  leakyRelu: (b, dy, y, { slope }) =>
    b.op('Where', [b.op('Greater', [y, b.scalar(0)]), dy, b.op('Mul', [dy, b.scalar(slope)])]),
};

const binaryOperators: { readonly [F in BinaryFunction]: string } = {
  add: 'Add',
  sub: 'Sub',
  mul: 'Mul',
  div: 'Div',
  min: 'Min',
  max: 'Max',
};

const comparisonOperators: { readonly [F in Comparison]: string } = {
  equal: 'Equal',
  less: 'Less',
  greater: 'Greater',
  greaterOrEqual: 'GreaterOrEqual',
};

/** Lowerings of functions of single elements. */
export const elementwiseLowerings: Lowerings<'unary' | 'unaryGrad' | 'binary' | 'compare' | 'select'> = {
  unary: (attributes, [x], b) => [applyUnary(unaryFunctions, attributes, b, x!.name)],
  unaryGrad: (attributes, [dy, saved], b) => [
    applyUnary(activationGradients, attributes, b, dy!.name, saved!.name),
  ],
  binary: ({ fn }, [x, y], b) => [b.op(binaryOperators[fn], [x!.name, y!.name])],
  compare: ({ fn }, [x, y], b) => [toFloat(b, b.op(comparisonOperators[fn], [x!.name, y!.name]))],
  select: (_, [condition, x, y], b) => {
    const holds = b.op('Cast', [condition!.name], { to: DataType.BOOL });
    return [b.op('Where', [holds, x!.name, y!.name])];
  },
};
