import type { ShapeRules } from '../op.js';
import { emitOne, type GradientRules, type Tensor } from '../tensor.js';
import { formatType, GraphError } from '../tensorType.js';
import { expectFloats, expectInputs, expectPositive, expectRank, expectShape, f32 } from './check.js';

type SoftTargetKind = 'softTargetCrossEntropy' | 'softTargetCrossEntropyGrad' | 'oneHot';

/**
 * Cross-entropy of each image with a distribution over classes as its target: −Σₖ qₖ·log pₖ with p = softmax(logits).
 * The targets need not sum to 1: multiplied by class weights they are PyTorch's weighted cross-entropy.
 *
 * @param logits [N, K]
 * @param targets q, [N, K]; no gradient flows to them
 * @returns loss [N] and probabilities [N, K]; gradients flow only through the loss
 */
export function softTargetCrossEntropy(
  logits: Tensor,
  targets: Tensor,
): { loss: Tensor; probabilities: Tensor } {
  const [loss, probabilities] = logits.graph.emit('softTargetCrossEntropy', {}, [logits, targets]);
  return { loss: loss!, probabilities: probabilities! };
}

/**
 * Class numbers as distributions: 1 at an image's class, else 0.
 *
 * @param labels i32 [N], each in 0 … classes−1
 * @returns [N, classes]
 */
export function oneHot(labels: Tensor, classes: number): Tensor {
  return emitOne('oneHot', { classes }, [labels]);
}

/** Shape rules of what has distributions as targets. */
export const softTargetShapes: ShapeRules<SoftTargetKind> = {
  softTargetCrossEntropy: (_, inputs) => {
    expectInputs('softTargetCrossEntropy', inputs, 2);
    expectFloats('softTargetCrossEntropy', inputs);
    const logits = expectRank('softTargetCrossEntropy', inputs, 0, 2);
    expectShape('softTargetCrossEntropy', 'targets', inputs[1]!.shape, logits);
    return [f32([logits[0]!]), f32(logits)];
  },
  softTargetCrossEntropyGrad: (_, inputs) => {
    expectInputs('softTargetCrossEntropyGrad', inputs, 3);
    const probabilities = expectRank('softTargetCrossEntropyGrad', inputs, 1, 2);
    expectShape('softTargetCrossEntropyGrad', 'loss gradient', inputs[0]!.shape, [probabilities[0]!]);
    expectShape('softTargetCrossEntropyGrad', 'targets', inputs[2]!.shape, probabilities);
    return [f32(probabilities)];
  },
  oneHot: ({ classes }, inputs) => {
    expectInputs('oneHot', inputs, 1);
    expectPositive('oneHot', 'classes', [classes]);
    const labels = expectRank('oneHot', inputs, 0, 1);
    if (inputs[0]!.dtype !== 'i32')
      throw new GraphError(`oneHot: labels must be i32, not ${formatType(inputs[0]!)}`);
    return [f32([labels[0]!, classes])];
  },
};

/** dlogits = dloss·(p·Σₖ qₖ − q). */
export const softTargetGradients: GradientRules<SoftTargetKind> = {
  softTargetCrossEntropy: ({ inputs, outputs }, [dloss, dprobabilities]) => {
    if (dprobabilities || !dloss)
      throw new GraphError('softTargetCrossEntropy: gradients flow through the loss, not the probabilities');
    return [emitOne('softTargetCrossEntropyGrad', {}, [dloss, outputs[1]!, inputs[1]!]), null];
  },
  softTargetCrossEntropyGrad: { unsupported: 'second derivatives are not supported' },
  oneHot: { none: 'labels are whole numbers' },
};
