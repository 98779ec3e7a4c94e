import type { ShapeRules } from '../op.js';
import type { GradientRules, Tensor } from '../tensor.js';
import { emitOne } from '../tensor.js';
import { GraphError, sizeOf, type TensorType } from '../tensorType.js';
import { expectFloats, expectInputs, expectRank, expectShape, f32 } from './check.js';
import { allReduceAll } from './collective.js';
import { add, div, maximum, mul, sqrt, sub } from './elementwise.js';
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

/**
 * {@link batchNormTrain} with the statistics of all ranks' batches together, which have one size.
 *
 * @param shift [C], the same on all ranks and near the means, such as the running means: squares are taken of the distance to it
 */
export function batchNormOverRanks(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { epsilon, ranks, shift }: { readonly epsilon: number; readonly ranks: number; readonly shift: Tensor },
): BatchNormResult {
  const own = batchNormTrain(x, gamma, beta, epsilon);
  const distance = sub(own.mean, shift);
  // mean(v + (m − s)²) − (M − s)², so that one collective is enough.
  const [mean, square] = allReduceAll([own.mean, add(own.variance, mul(distance, distance))], 'mean');
  const whole = sub(mean!, shift);
  const variance = maximum(sub(square!, mul(whole, whole)), 0);
  const y = emitOne('batchNormInference', { epsilon, ranks }, [x, gamma, beta, mean!, variance]);
  return { y, mean: mean!, variance };
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
    const { epsilon, ranks } = attributes;
    if (ranks !== undefined)
      return [...gradientOverRanks(dy!, { x, gamma, mean, variance, epsilon, ranks }), null, null];
    const channels = (t: Tensor): Tensor => reshape(t, [1, t.shape[0]!, 1, 1]);
    const inverse = div(1, sqrt(add(variance, epsilon)));
    const normalised = mul(sub(x, channels(mean)), channels(inverse));
    const dgamma = sum(mul(dy!, normalised), [0, 2, 3]);
    return [mul(dy!, channels(mul(gamma, inverse))), dgamma, sum(dy!, [0, 2, 3]), null, null];
  },
};

interface NormOverRanks {
  readonly x: Tensor;
  readonly gamma: Tensor;
  readonly mean: Tensor;
  readonly variance: Tensor;
  readonly epsilon: number;
  readonly ranks: number;
}

/**
 * dx, dγ and dβ of this rank, with n images' pixels on each of R ranks. dx = γ/√(variance + ε)·(dy − (Dβ + x̂·Dγ)/(R·n)) with the
 * sums Dβ and Dγ of all ranks. The rule of one rank takes its own, dβ and dγ, over n; what is between the two is affine in x, and so
 * another normalisation.
 */
function gradientOverRanks(
  dy: Tensor,
  { x, gamma, mean, variance, epsilon, ranks }: NormOverRanks,
): readonly [dx: Tensor, dgamma: Tensor, dbeta: Tensor] {
  const [own, dgamma, dbeta] = x.graph.emit('batchNormTrainGrad', { epsilon }, [
    dy,
    x,
    gamma,
    mean,
    variance,
  ]);
  const sums = allReduceAll([dgamma!, dbeta!], 'sum');
  const count = sizeOf(x.shape) / x.shape[1]!;
  const factor = div(gamma, sqrt(add(variance, epsilon)));
  const [scale, offset] = [dgamma!, dbeta!].map((part, i) =>
    mul(factor, sub(mul(part, 1 / count), mul(sums[i]!, 1 / (ranks * count)))),
  );
  const rest = batchNormInference(x, scale!, offset!, { mean, variance }, epsilon);
  return [add(own!, rest), dgamma!, dbeta!];
}
