import { adamwUpdate } from '../graph/ops/adaptive.js';
import { div, mul, neg, sub, tanh } from '../graph/ops/elementwise.js';
import type { Tensor } from '../graph/tensor.js';
import type { Optimizer } from './optimizer.js';
import {
  checkBetas,
  checkEpsilon,
  checkWeightDecay,
  decayOf,
  type WeightDecayOptions,
} from './weightDecay.js';

/** Options of {@link adamw}; `weightDecay` is decoupled from the gradient, default 0.01. */
export interface AdamwOptions extends WeightDecayOptions {
  /** Shares that the averages of gradients and of their squares keep each step. Default 0.9 and 0.999. */
  readonly betas?: readonly number[] | undefined;
  /** Default 1e-8. */
  readonly eps?: number | undefined;
}

/** 1 − βᵗ = −2τ/(1 − τ) with τ = tanh(½·t·ln β), which keeps its precision in 32 bits where βᵗ is close to 1. */
function biasCorrection(step: Tensor, beta: number): Tensor {
  if (beta === 0) return sub(1, mul(step, 0));
  const half = tanh(mul(step, Math.log(beta) / 2));
  return div(mul(neg(half), 2), sub(1, half));
}

/**
 * AdamW by PyTorch's rule (`torch.optim.AdamW`); see {@link adamwUpdate}.
 *
 * @throws UsageError naming an option that is out of range
 */
export function adamw(options: AdamwOptions = {}): Optimizer {
  const { betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0.01, decayBiasNorm } = options;
  const [beta1, beta2] = checkBetas(betas);
  checkEpsilon(eps);
  checkWeightDecay(weightDecay);
  const corrections = new WeakMap<Tensor, readonly [Tensor, Tensor]>();
  const correctionsOf = (step: Tensor): readonly [Tensor, Tensor] => {
    const known = corrections.get(step) ?? [biasCorrection(step, beta1), biasCorrection(step, beta2)];
    corrections.set(step, known);
    return known;
  };
  return {
    state: ['firstMoment', 'secondMoment'],
    update: ({ value, gradient, state }, { learningRate, step }) => {
      const { firstMoment, secondMoment } = state as { firstMoment: Tensor; secondMoment: Tensor };
      const before = { parameter: value, gradient, firstMoment, secondMoment, learningRate };
      const decay = decayOf({ value }, { weightDecay, decayBiasNorm });
      const settings = { beta1, beta2, epsilon: eps, weightDecay: decay };
      const { parameter, ...moments } = adamwUpdate(
        { ...before, corrections: correctionsOf(step) },
        settings,
      );
      return { value: parameter, state: moments };
    },
  };
}
