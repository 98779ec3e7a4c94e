import { UsageError } from '../errors.js';
import { sgdUpdate } from '../graph/ops/sgd.js';
import type { Optimizer } from './optimizer.js';

/** Options of {@link sgd}. */
export interface SgdOptions {
  /** Default 0.9. */
  readonly momentum?: number | undefined;
  /** L2 penalty added to the gradient of every parameter. Default 1e-4. */
  readonly weightDecay?: number | undefined;
  /** Default false. */
  readonly nesterov?: boolean | undefined;
}

/**
 * Stochastic gradient descent by PyTorch's rule (`torch.optim.SGD`); see {@link sgdUpdate}.
 *
 * @throws UsageError naming an option that is out of range
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { momentum = 0.9, weightDecay = 1e-4, nesterov = false } = options;
  if (!(momentum >= 0 && momentum < 1))
    throw new UsageError(`momentum must be a number from 0 to below 1, not ${momentum}`);
  if (!(weightDecay >= 0 && Number.isFinite(weightDecay)))
    throw new UsageError(`weightDecay must be a number of at least 0, not ${weightDecay}`);
  if (nesterov && momentum === 0) throw new UsageError('nesterov needs a momentum above 0');
  return {
    state: ['momentum'],
    update: ({ value, gradient, state }, { learningRate }) => {
      const before = { parameter: value, gradient, momentum: state.momentum!, learningRate };
      const next = sgdUpdate(before, { momentum, weightDecay, nesterov });
      return { value: next.parameter, state: { momentum: next.momentum } };
    },
  };
}
