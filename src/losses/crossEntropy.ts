import { UsageError } from '../errors.js';
import { softmaxCrossEntropy } from '../graph/ops/crossEntropy.js';
import { mean } from '../graph/ops/reduce.js';
import type { Loss } from './loss.js';

/** @throws UsageError when a label smoothing is out of range */
export function checkSmoothing(labelSmoothing: number): void {
  if (!(labelSmoothing >= 0 && labelSmoothing < 1))
    throw new UsageError(`labelSmoothing must be a number from 0 to below 1, not ${labelSmoothing}`);
}

/**
 * Mean softmax cross-entropy, as PyTorch's `cross_entropy`.
 *
 * @param options labelSmoothing: share of the target spread over all classes, in [0, 1); default 0
 * @throws UsageError when it is out of range
 */
export function crossEntropyLoss(options: { readonly labelSmoothing?: number | undefined } = {}): Loss {
  const { labelSmoothing = 0 } = options;
  checkSmoothing(labelSmoothing);
  return {
    name: 'ce',
    variables: [],
    build: (_, { logits, labels }) => {
      const loss = mean(softmaxCrossEntropy(logits, labels, labelSmoothing).loss);
      return { loss, crossEntropy: loss, updates: new Map() };
    },
  };
}
