import { mul } from '../graph/ops/elementwise.js';
import type { Tensor } from '../graph/tensor.js';
import type { Optimizer } from './optimizer.js';

/**
 * An optimiser with a learning rate of its own for some parameters: the step's, times a factor.
 *
 * @param scaleOf the factor of a parameter by its name
 */
export function withRateScales(optimizer: Optimizer, scaleOf: (name: string) => number): Optimizer {
  const scaled = new WeakMap<Tensor, Map<number, Tensor>>();
  const rateOf = (learningRate: Tensor, factor: number): Tensor => {
    if (factor === 1) return learningRate;
    const known = scaled.get(learningRate) ?? new Map<number, Tensor>();
    scaled.set(learningRate, known);
    const rate = known.get(factor) ?? mul(learningRate, factor);
    known.set(factor, rate);
    return rate;
  };
  return {
    ...optimizer,
    update: (parameter, step) =>
      optimizer.update(parameter, {
        ...step,
        learningRate: rateOf(step.learningRate, scaleOf(parameter.name)),
      }),
  };
}
