import { UsageError } from '../errors.js';
import { allReduce } from '../graph/ops/collective.js';
import { softmaxCrossEntropy } from '../graph/ops/crossEntropy.js';
import { add, div, equal, exp, log, maximum, mul, neg, select, sub } from '../graph/ops/elementwise.js';
import { sum } from '../graph/ops/reduce.js';
import { oneHot, softTargetCrossEntropy } from '../graph/ops/softTargets.js';
import type { GraphScope, Tensor } from '../graph/tensor.js';
import { GraphError } from '../graph/tensorType.js';
import { checkDistillation, type Distillation, distil } from './distillation.js';
import type { LossInput } from './loss.js';

/** How the loss of one image is computed from its logits and its target; every loss of this library takes these. */
export interface TargetOptions {
  /** Share of the target that is spread over all classes, in [0, 1), as PyTorch's `label_smoothing`. Default 0. */
  readonly labelSmoothing?: number | undefined;
  /** A factor for each class, as PyTorch's `weight` of `cross_entropy`. Default: 1 each. */
  readonly classWeights?: readonly number[] | undefined;
  /**
   * γ of the focal loss (Lin et al., "Focal Loss for Dense Object Detection", 2017) over the softmax:
   * (1 − p)^γ·CE with p = exp(−CE), the probability of the image's class. Default 0, which is cross-entropy.
   */
  readonly focalGamma?: number | undefined;
  /** Makes the model imitate a teacher, whose logits a step is then given. Default: none. */
  readonly distillation?: Distillation | undefined;
}

/** Losses of the images of a batch, [N] each; the mean of `losses` is the loss of the batch. */
export interface ImageLosses {
  readonly losses: Tensor;
  /** Without class weights and focus. */
  readonly crossEntropies: Tensor;
}

/** @throws UsageError naming an option that is out of range */
export function checkTargetOptions(options: TargetOptions): void {
  const { labelSmoothing = 0, classWeights, focalGamma = 0, distillation } = options;
  if (!(labelSmoothing >= 0 && labelSmoothing < 1))
    throw new UsageError(`labelSmoothing must be a number from 0 to below 1, not ${labelSmoothing}`);
  if (!(focalGamma >= 0 && Number.isFinite(focalGamma)))
    throw new UsageError(`focalGamma must be a number of at least 0, not ${focalGamma}`);
  const wrong = classWeights?.findIndex((weight) => !(weight >= 0 && Number.isFinite(weight))) ?? -1;
  if (wrong >= 0)
    throw new UsageError(
      `classWeights must be numbers of at least 0, not ${classWeights![wrong]} of class ${wrong}`,
    );
  if (classWeights && !classWeights.some((weight) => weight > 0))
    throw new UsageError('classWeights must not all be 0');
  if (distillation) checkDistillation(distillation);
}

/** Smallest base of a power: its logarithm is finite. */
const TINY = 1e-12;

/** x^γ for x from 0. */
function power(x: Tensor, gamma: number): Tensor {
  if (gamma === 1) return x;
  return gamma === 2 ? mul(x, x) : exp(mul(log(maximum(x, TINY)), gamma));
}

/** Distributions over classes with smoothing: (1 − s)·q + s/K. */
function distributions(labels: Tensor, classes: number, smoothing: number): Tensor {
  const targets = labels.dtype === 'i32' ? oneHot(labels, classes) : labels;
  return smoothing === 0 ? targets : add(mul(targets, 1 - smoothing), smoothing / classes);
}

/** Cross-entropy of each image with smoothed targets, [N]. */
function crossEntropiesOf(logits: Tensor, labels: Tensor, smoothing: number): Tensor {
  if (labels.dtype === 'i32') return softmaxCrossEntropy(logits, labels, smoothing).loss;
  return softTargetCrossEntropy(logits, distributions(labels, logits.shape[1]!, smoothing)).loss;
}

/** The factor of each class, [1, K]. */
function weightsOf(graph: GraphScope, classWeights: readonly number[], classes: number): Tensor {
  if (classWeights.length !== classes)
    throw new UsageError(`there are ${classWeights.length} classWeights for ${classes} classes`);
  const data = Float32Array.from(classWeights);
  return graph.emit('constant', { shape: [1, classes], dtype: 'f32', data }, [])[0]!;
}

/**
 * The same with a factor for each class: Σₖ wₖ·qₖ·(−log pₖ). As in PyTorch the mean over class numbers is weighted, which
 * divides by the sum of the images' weights, and the mean over distributions is not. Where that sum is 0 so is the loss: with
 * smoothing PyTorch's is infinite.
 */
function weighted(
  { logits, labels }: Pick<LossInput, 'logits' | 'labels'>,
  crossEntropies: Tensor,
  { labelSmoothing = 0, classWeights }: TargetOptions,
): Tensor {
  const [images, classes] = logits.shape as [number, number];
  const weights = weightsOf(logits.graph, classWeights!, classes);
  const targets = mul(distributions(labels, classes, labelSmoothing), weights);
  if (labels.dtype !== 'i32') return softTargetCrossEntropy(logits, targets).loss;
  const own = sum(mul(oneHot(labels, classes), weights), [1]);
  // Other classes have no part without smoothing, also where their logit is −∞: 0·∞ would be NaN.
  const loss = labelSmoothing === 0 ? mul(own, crossEntropies) : softTargetCrossEntropy(logits, targets).loss;
  // Of a batch that is spread over ranks: by the whole batch's weights.
  const total = allReduce(sum(own), 'mean');
  const isNothing = equal(total, 0);
  return mul(loss, select(isNothing, 0, div(images, add(total, isNothing))));
}

/** The share 1 − p of what is wrong with each image's probability, to the power γ. */
function focus(crossEntropies: Tensor, gamma: number): Tensor {
  return power(sub(1, exp(neg(crossEntropies))), gamma);
}

/** Adds the loss of each image to a graph. */
export function imageLosses(
  { logits, labels, teacherLogits }: Omit<LossInput, 'features'>,
  options: TargetOptions,
): ImageLosses {
  const { labelSmoothing = 0, classWeights, focalGamma = 0, distillation } = options;
  const crossEntropies = crossEntropiesOf(logits, labels, labelSmoothing);
  const own = classWeights ? weighted({ logits, labels }, crossEntropies, options) : crossEntropies;
  const focused = focalGamma === 0 ? own : mul(focus(crossEntropies, focalGamma), own);
  if (!distillation) return { losses: focused, crossEntropies };
  if (!teacherLogits) throw new GraphError('distillation needs the input teacherLogits');
  return { losses: distil(focused, logits, teacherLogits, distillation), crossEntropies };
}
