import { UsageError } from '../errors.js';
import { sgdUpdate } from '../graph/ops/sgd.js';
import type { Optimizer } from './optimizer.js';
import { checkShare, checkWeightDecay, decayOf, type WeightDecayOptions } from './weightDecay.js';

/** Options of {@link sgd}; `weightDecay` is an L2 penalty added to the gradient, default 1e-4. */
export interface SgdOptions extends WeightDecayOptions {
  /** Default 0.9. */
  readonly momentum?: number | undefined;
  /** Default false. */
  readonly nesterov?: boolean | undefined;
}

/**
 * Stochastic gradient descent by PyTorch's rule (`torch.optim.SGD`); see {@link sgdUpdate}.
 *
 * @throws UsageError naming an option that is out of range
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { momentum = 0.9, weightDecay = 1e-4, nesterov = false, decayBiasNorm } = options;
  checkShare('momentum', momentum);
  checkWeightDecay(weightDecay);
  if (nesterov && momentum === 0) throw new UsageError('nesterov needs a momentum above 0');
  return {
    state: ['momentum'],
    update: ({ value, gradient, state }, { learningRate }) => {
      const before = { parameter: value, gradient, momentum: state.momentum!, learningRate };
      const decay = decayOf({ value }, { weightDecay, decayBiasNorm });
      const next = sgdUpdate(before, { momentum, weightDecay: decay, nesterov });
      return { value: next.parameter, state: { momentum: next.momentum } };
    },
  };
}
