import type { ShapeRules } from '../op.js';
import type { GradientRules, Tensor } from '../tensor.js';
import { emitOne } from '../tensor.js';
import { GraphError, type TensorType } from '../tensorType.js';
import { expectFloats, expectInputs, expectRank, expectShape, f32 } from './check.js';
import { add, div, mul, sqrt, sub } from './elementwise.js';
import { sum } from './reduce.js';
import { reshape } from './shape.js';

type BatchNormKind = 'batchNormTrain' | 'batchNormTrainGrad' | 'batchNormInference';

/** Results of {@link batchNormTrain}. */
export interface BatchNormResult {
  /** [N, C, H, W] */
  readonly y: Tensor;
  /** Mean of the batch, [C]. */
  readonly mean: Tensor;
  /** Variance of the batch divided by n = N·H·W (biased), [C]. */
  readonly variance: Tensor;
}

/** y = γ(x − mean)/√(variance + ε) + β with the batch's own statistics over N, H and W (Ioffe and Szegedy, algorithm 1). */
export function batchNormTrain(x: Tensor, gamma: Tensor, beta: Tensor, epsilon: number): BatchNormResult {
  const [y, mean, variance] = x.graph.emit('batchNormTrain', { epsilon }, [x, gamma, beta]);
  return { y: y!, mean: mean!, variance: variance! };
}

/** y = γ(x − mean)/√(variance + ε) + β with given statistics [C]. */
export function batchNormInference(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  statistics: { readonly mean: Tensor; readonly variance: Tensor },
  epsilon: number,
): Tensor {
  return emitOne('batchNormInference', { epsilon }, [x, gamma, beta, statistics.mean, statistics.variance]);
}

/** x [N,C,H,W] and then tensors of [C]. */
function expectChannels(op: string, inputs: readonly TensorType[], first: number): readonly number[] {
  expectFloats(op, inputs);
  const shape = expectRank(op, inputs, 0, 4);
  for (let i = first; i < inputs.length; i++) expectShape(op, `input ${i}`, inputs[i]!.shape, [shape[1]!]);
  return shape;
}

/** Shape rules of batch normalisation. */
export const batchNormShapes: ShapeRules<BatchNormKind> = {
  batchNormTrain: (_, inputs) => {
    expectInputs('batchNormTrain', inputs, 3);
    const shape = expectChannels('batchNormTrain', inputs, 1);
    return [f32(shape), f32([shape[1]!]), f32([shape[1]!])];
  },
  batchNormTrainGrad: (_, inputs) => {
    expectInputs('batchNormTrainGrad', inputs, 5);
    const shape = expectChannels('batchNormTrainGrad', inputs, 2);
    expectShape('batchNormTrainGrad', 'input 1', inputs[1]!.shape, shape);
    return [f32(shape), f32([shape[1]!]), f32([shape[1]!])];
  },
  batchNormInference: (_, inputs) => {
    expectInputs('batchNormInference', inputs, 5);
    return [f32(expectChannels('batchNormInference', inputs, 1))];
  },
};

/**
 * Training, with x̂ = (x − mean)/√(variance + ε) and n = N·H·W: dβ = Σdy, dγ = Σdy·x̂ and
 * dx = γ/√(variance + ε)·(dy − (dβ + x̂·dγ)/n). The batch statistics have no gradient of their own:
 * they only feed the running ones.
 */
export const batchNormGradients: GradientRules<BatchNormKind> = {
  batchNormTrain: ({ attributes, inputs, outputs }, [dy, dmean, dvariance]) => {
    const [x, gamma] = inputs as [Tensor, Tensor, Tensor];
    if (!dy || dmean || dvariance)
      throw new GraphError('batchNormTrain: gradients flow through y, not the batch statistics');
    return [...x.graph.emit('batchNormTrainGrad', attributes, [dy, x, gamma, outputs[1]!, outputs[2]!])];
  },
  batchNormTrainGrad: { unsupported: 'second derivatives are not supported' },
  batchNormInference: ({ attributes, inputs }, [dy]) => {
    const [x, gamma, , mean, variance] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const channels = (t: Tensor): Tensor => reshape(t, [1, t.shape[0]!, 1, 1]);
    const inverse = div(1, sqrt(add(variance, attributes.epsilon)));
    const normalised = mul(sub(x, channels(mean)), channels(inverse));
    const dgamma = sum(mul(dy!, normalised), [0, 2, 3]);
    return [mul(dy!, channels(mul(gamma, inverse))), dgamma, sum(dy!, [0, 2, 3]), null, null];
  },
};
