import { softmaxCrossEntropy } from '../graph/ops/crossEntropy.js';
import { mean } from '../graph/ops/reduce.js';
import type { Loss } from './loss.js';

/**
 * Mean softmax cross-entropy, as PyTorch's `cross_entropy`.
 *
 * @param options labelSmoothing: share of the target spread over all classes, in [0, 1); default 0
 */
export function crossEntropyLoss(options: { readonly labelSmoothing?: number | undefined } = {}): Loss {
  return {
    name: 'ce',
    variables: [],
    build: (_, { logits, labels }) => {
      const loss = mean(softmaxCrossEntropy(logits, labels, options.labelSmoothing ?? 0).loss);
      return { loss, crossEntropy: loss, updates: new Map() };
    },
  };
}
