import { DataType, type OnnxModelBuilder } from '../../../formats/onnx/modelBuilder.js';
import type { ActivationFunction, BinaryFunction, Comparison, UnaryFunction } from '../../../graph/op.js';
import type { Lowerings } from './context.js';

/** min(max(x + 3, 0), 6)/6. */
function hardSigmoid(model: OnnxModelBuilder, x: string): string {
  return model.node('HardSigmoid', [x], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } });
}

/** 1 where |x| < 3, else 0. */
function insideThree(model: OnnxModelBuilder, x: string): string {
  return asFloat(model, model.node('Less', [model.node('Abs', [x]), model.scalar(3)]));
}

function asFloat(model: OnnxModelBuilder, condition: string): string {
  return model.node('Cast', [condition], { to: DataType.FLOAT });
}

const unaries: { readonly [F in UnaryFunction]: (model: OnnxModelBuilder, x: string) => string } = {
  relu: (model, x) => model.node('Relu', [x]),
  hswish: (model, x) => model.node('Mul', [x, hardSigmoid(model, x)]),
  hsigmoid: hardSigmoid,
  sigmoid: (model, x) => model.node('Sigmoid', [x]),
  exp: (model, x) => model.node('Exp', [x]),
  log: (model, x) => model.node('Log', [x]),
  sqrt: (model, x) => model.node('Sqrt', [x]),
  neg: (model, x) => model.node('Neg', [x]),
  abs: (model, x) => model.node('Abs', [x]),
};

/** Derivative of each activation from what it saved (see OpAttributes.unaryGrad). */
const derivatives: {
  readonly [F in ActivationFunction]: (model: OnnxModelBuilder, saved: string) => string;
} = {
  // The saved output is never negative, so that its sign is 1 where the input was positive.
  relu: (model, y) => model.node('Sign', [y]),
  hswish: (model, x) => {
    const slope = model.node('Mul', [x, model.node('Div', [insideThree(model, x), model.scalar(6)])]);
    return model.node('Add', [hardSigmoid(model, x), slope]);
  },
  hsigmoid: (model, x) => model.node('Div', [insideThree(model, x), model.scalar(6)]),
  sigmoid: (model, y) => model.node('Mul', [y, model.node('Sub', [model.scalar(1), y])]),
};

const binaries: { readonly [F in BinaryFunction]: string } = {
  add: 'Add',
  sub: 'Sub',
  mul: 'Mul',
  div: 'Div',
  min: 'Min',
  max: 'Max',
};

const comparisons: { readonly [F in Comparison]: string } = {
  equal: 'Equal',
  less: 'Less',
  greater: 'Greater',
  greaterOrEqual: 'GreaterOrEqual',
};

/** Lowerings of elementwise operations. */
export const elementwiseLowerings: Lowerings<'unary' | 'unaryGrad' | 'binary' | 'compare' | 'select'> = {
  unary: ({ model, attributes, inputs }) => [unaries[attributes.fn](model, inputs[0]!)],
  unaryGrad: ({ model, attributes, inputs }) => [
    model.node('Mul', [inputs[0]!, derivatives[attributes.fn](model, inputs[1]!)]),
  ],
  binary: ({ model, attributes, inputs }) => [model.node(binaries[attributes.fn], inputs)],
  compare: ({ model, attributes, inputs }) => [
    asFloat(model, model.node(comparisons[attributes.fn], inputs)),
  ],
  select: ({ model, inputs }) => {
    const [condition, a, b] = inputs as [string, string, string];
    return [model.node('Where', [model.node('Cast', [condition], { to: DataType.BOOL }), a, b])];
  },
};
