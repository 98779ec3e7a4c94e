import { mean } from '../graph/ops/reduce.js';
import { checkTargetOptions, imageLosses, type TargetOptions } from './imageLosses.js';
import type { Loss } from './loss.js';

/**
 * Mean softmax cross-entropy, as PyTorch's `cross_entropy`; with `focalGamma` the focal loss.
 *
 * @throws UsageError when an option is out of range
 */
export function crossEntropyLoss(options: TargetOptions = {}): Loss {
  checkTargetOptions(options);
  return {
    name: 'ce',
    variables: [],
    needsTeacher: options.distillation !== undefined,
    build: (_, input) => {
      const { losses, crossEntropies } = imageLosses(input, options);
      const loss = mean(losses);
      const crossEntropy = losses === crossEntropies ? loss : mean(crossEntropies);
      return { loss, crossEntropy, updates: new Map() };
    },
  };
}
