import { lionUpdate } from '../graph/ops/adaptive.js';
import type { Optimizer } from './optimizer.js';
import { checkBetas, checkWeightDecay, decayOf, type WeightDecayOptions } from './weightDecay.js';

/** Options of {@link lion}; `weightDecay` is decoupled from the gradient, default 0. */
export interface LionOptions extends WeightDecayOptions {
  /** Share of the momentum in the update's direction, and what the momentum keeps each step. Default 0.9 and 0.99. */
  readonly betas?: readonly number[] | undefined;
}

/**
 * Lion (Chen et al., 2023) by the rule of timm's `Lion`; see {@link lionUpdate}.
 *
 * @throws UsageError naming an option that is out of range
 */
export function lion(options: LionOptions = {}): Optimizer {
  const { betas = [0.9, 0.99], weightDecay = 0, decayBiasNorm } = options;
  const [beta1, beta2] = checkBetas(betas);
  checkWeightDecay(weightDecay);
  return {
    state: ['momentum'],
    update: ({ value, gradient, state }, { learningRate }) => {
      const before = { parameter: value, gradient, momentum: state.momentum!, learningRate };
      const decay = decayOf({ value }, { weightDecay, decayBiasNorm });
      const next = lionUpdate(before, { beta1, beta2, weightDecay: decay });
      return { value: next.parameter, state: { momentum: next.momentum } };
    },
  };
}
