import type { ShapeRules } from '../op.js';
import { emitOne, type GradientRules, type Tensor } from '../tensor.js';
import { formatType, GraphError } from '../tensorType.js';
import { expectFloats, expectInputs, expectRank, expectShape, f32 } from './check.js';

type CrossEntropyKind = 'softmaxCrossEntropy' | 'softmaxCrossEntropyGrad';

/**
 * Softmax cross-entropy of each image: −Σₖ qₖ·log pₖ with p = softmax(logits) and
 * q = (1 − s)·onehot(label) + s/K, s the label smoothing (as PyTorch's cross_entropy).
 *
 * @param logits [N, K]
 * @param labels i32 [N], each in 0 … K−1
 * @returns loss [N] and probabilities [N, K]; gradients flow only through the loss
 */
export function softmaxCrossEntropy(
  logits: Tensor,
  labels: Tensor,
  labelSmoothing = 0,
): { loss: Tensor; probabilities: Tensor } {
  const [loss, probabilities] = logits.graph.emit('softmaxCrossEntropy', { labelSmoothing }, [
    logits,
    labels,
  ]);
  return { loss: loss!, probabilities: probabilities! };
}

/** Shape rules of the cross-entropy. */
export const crossEntropyShapes: ShapeRules<CrossEntropyKind> = {
  softmaxCrossEntropy: ({ labelSmoothing }, inputs) => {
    expectInputs('softmaxCrossEntropy', inputs, 2);
    expectFloats('softmaxCrossEntropy', inputs.slice(0, 1));
    const logits = expectRank('softmaxCrossEntropy', inputs, 0, 2);
    if (inputs[1]!.dtype !== 'i32')
      throw new GraphError(`softmaxCrossEntropy: labels must be i32, not ${formatType(inputs[1]!)}`);
    expectShape('softmaxCrossEntropy', 'labels', inputs[1]!.shape, [logits[0]!]);
    if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
      throw new GraphError(`softmaxCrossEntropy: label smoothing must be in [0, 1), not ${labelSmoothing}`);
    }
    return [f32([logits[0]!]), f32(logits)];
  },
  softmaxCrossEntropyGrad: (_, inputs) => {
    expectInputs('softmaxCrossEntropyGrad', inputs, 3);
    const probabilities = expectRank('softmaxCrossEntropyGrad', inputs, 1, 2);
    expectShape('softmaxCrossEntropyGrad', 'loss gradient', inputs[0]!.shape, [probabilities[0]!]);
    expectShape('softmaxCrossEntropyGrad', 'labels', inputs[2]!.shape, [probabilities[0]!]);
    return [f32(probabilities)];
  },
};

/** dlogits = dloss·(p − q). */
export const crossEntropyGradients: GradientRules<CrossEntropyKind> = {
  softmaxCrossEntropy: ({ attributes, inputs, outputs }, [dloss, dprobabilities]) => {
    if (dprobabilities || !dloss)
      throw new GraphError('softmaxCrossEntropy: gradients flow through the loss, not the probabilities');
    return [emitOne('softmaxCrossEntropyGrad', attributes, [dloss, outputs[1]!, inputs[1]!]), null];
  },
  softmaxCrossEntropyGrad: { unsupported: 'second derivatives are not supported' },
};
