import type { OnnxModelBuilder } from '../../../formats/onnx/modelBuilder.js';
import { sizeOf } from '../../../graph/tensorType.js';
import { type LoweringInput, type Lowerings, perChannel, reshaped } from './context.js';

/** 1/√(variance + ε). */
function inverseDeviation(model: OnnxModelBuilder, variance: string, epsilon: number): string {
  return model.node('Reciprocal', [
    model.node('Sqrt', [model.node('Add', [variance, model.scalar(epsilon)])]),
  ]);
}

/** Sum or mean over batch and picture of [N, C, H, W] → [C]; first over each picture, then over the batch, for shorter sums. */
function overBatch(
  model: OnnxModelBuilder,
  op: 'ReduceSum' | 'ReduceMean',
  x: string,
  shape: readonly number[],
): string {
  const [n, c, h, w] = shape as [number, number, number, number];
  const pictures = model.node(op, [reshaped(model, x, [n, c, h * w]), model.ints([2])], { keepdims: 0 });
  return model.node(op, [pictures, model.ints([0])], { keepdims: 0 });
}

function lowerTrain({ model, attributes, inputs, inputTypes }: LoweringInput<'batchNormTrain'>): string[] {
  const [x, gamma, beta] = inputs as [string, string, string];
  const { shape } = inputTypes[0]!;
  const channels = shape[1]!;
  const mean = overBatch(model, 'ReduceMean', x, shape);
  const centred = model.node('Sub', [x, perChannel(model, mean, channels)]);
  const variance = overBatch(model, 'ReduceMean', model.node('Mul', [centred, centred]), shape);
  const scale = model.node('Mul', [gamma, inverseDeviation(model, variance, attributes.epsilon)]);
  const scaled = model.node('Mul', [centred, perChannel(model, scale, channels)]);
  return [model.node('Add', [scaled, perChannel(model, beta, channels)]), mean, variance];
}

/** dx = a·dy + b·(x − mean) + c with a = γ/σ, b = −a·dγ/(σ·n), c = −a·dβ/n. */
function lowerTrainGrad({
  model,
  attributes,
  inputs,
  inputTypes,
}: LoweringInput<'batchNormTrainGrad'>): string[] {
  const [dy, x, gamma, mean, variance] = inputs as [string, string, string, string, string];
  const { shape } = inputTypes[0]!;
  const channels = shape[1]!;
  const minusN = model.scalar(-sizeOf(shape) / channels);
  const inverse = inverseDeviation(model, variance, attributes.epsilon);
  const centred = model.node('Sub', [x, perChannel(model, mean, channels)]);
  const dbeta = overBatch(model, 'ReduceSum', dy, shape);
  const product = overBatch(model, 'ReduceSum', model.node('Mul', [dy, centred]), shape);
  const dgamma = model.node('Mul', [product, inverse]);
  const a = model.node('Mul', [gamma, inverse]);
  const b = model.node('Div', [model.node('Mul', [model.node('Mul', [a, inverse]), dgamma]), minusN]);
  const c = model.node('Div', [model.node('Mul', [a, dbeta]), minusN]);
  const first = model.node('Mul', [dy, perChannel(model, a, channels)]);
  const second = model.node('Mul', [centred, perChannel(model, b, channels)]);
  const sum = model.node('Add', [model.node('Add', [first, second]), perChannel(model, c, channels)]);
  return [sum, dgamma, dbeta];
}

/** Lowerings of batch normalisation. */
export const batchNormLowerings: Lowerings<'batchNormTrain' | 'batchNormTrainGrad' | 'batchNormInference'> = {
  batchNormTrain: lowerTrain,
  batchNormTrainGrad: lowerTrainGrad,
  batchNormInference: ({ model, attributes, inputs }) => [
    model.node('BatchNormalization', inputs, { epsilon: { float: attributes.epsilon } }),
  ],
};
