import { rmspropUpdate } from '../graph/ops/adaptive.js';
import type { Optimizer } from './optimizer.js';
import {
  checkEpsilon,
  checkShare,
  checkWeightDecay,
  decayOf,
  type WeightDecayOptions,
} from './weightDecay.js';

/** Options of {@link rmsprop}; `weightDecay` is an L2 penalty added to the gradient, default 0. */
export interface RmspropOptions extends WeightDecayOptions {
  /** Share that the average of squared gradients keeps each step, PyTorch's `alpha`. Default 0.99, with `tensorFlow` 0.9. */
  readonly smoothing?: number | undefined;
  /** Default 1e-8, with `tensorFlow` 1e-10. */
  readonly eps?: number | undefined;
  /** Default 0. */
  readonly momentum?: number | undefined;
  /**
   * TensorFlow's rule, which MobileNetV3 and EfficientNet were trained with, as timm's `RMSpropTF`: ε is under the root, the average of
   * squares starts at 1, and the learning rate enters the momentum buffer. Default false.
   */
  readonly tensorFlow?: boolean | undefined;
}

/**
 * RMSprop by PyTorch's rule (`torch.optim.RMSprop`), or TensorFlow's; see {@link rmspropUpdate}.
 *
 * @throws UsageError naming an option that is out of range
 */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  const { momentum = 0, weightDecay = 0, tensorFlow = false, decayBiasNorm } = options;
  const { smoothing = tensorFlow ? 0.9 : 0.99, eps = tensorFlow ? 1e-10 : 1e-8 } = options;
  checkShare('smoothing', smoothing);
  checkShare('momentum', momentum);
  checkEpsilon(eps);
  checkWeightDecay(weightDecay);
  return {
    state: ['squares', 'momentum'],
    initial: { squares: tensorFlow ? 1 : 0 },
    update: ({ value, gradient, state }, { learningRate }) => {
      const before = { parameter: value, gradient, learningRate, squares: state.squares! };
      const decay = decayOf({ value }, { weightDecay, decayBiasNorm });
      const settings = { alpha: smoothing, epsilon: eps, momentum, weightDecay: decay, tensorFlow };
      const next = rmspropUpdate({ ...before, momentum: state.momentum! }, settings);
      return { value: next.parameter, state: { squares: next.squares, momentum: next.momentum } };
    },
  };
}
