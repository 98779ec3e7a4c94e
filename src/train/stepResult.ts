import type { ImageBytes, NamedInputs } from '../engines/imageBytes.js';
import type { TensorData } from '../graph/tensorType.js';

/** A batch of images and their classes. The buffers are transferred to the engine: do not use them afterwards. */
export interface LabelledBatch {
  /** [N, C, H, W], normalised; or bytes, for an engine that takes them. */
  readonly images: Float32Array | ImageBytes;
  /**
   * [N], each in 0 … classes−1; of a learner with `softTargets` distributions over the classes, [N, classes] row-major.
   */
  readonly labels: Int32Array | Float32Array;
  /** A teacher's logits of the images, [N, classes], for a loss with distillation. */
  readonly teacherLogits?: Float32Array | undefined;
}

/** A batch as inputs of a program. */
export function inputsOfBatch({ images, labels, teacherLogits }: LabelledBatch): NamedInputs {
  return { images, labels, ...(teacherLogits && { teacherLogits }) };
}

/** What a loss weighed data points by, and their weights; entry by entry of the same points, or each sorted for itself. */
export interface Weighting {
  /** Variances of features. */
  readonly variances: Float32Array;
  /** Factors of the cross-entropy: the bias loss's z(v). */
  readonly weights: Float32Array;
}

/** Result of a training step. */
export interface StepResult {
  /** The loss that was minimised, of the parameters before the step. */
  readonly loss: number;
  /** Mean cross-entropy of the batch. */
  readonly crossEntropy: number;
  /** [N, classes], row-major, in training mode. */
  readonly logits: Float32Array;
  /** How the loss weighed each data point; absent where it weighs all alike. */
  readonly weighting?: Weighting;
  /** Norm of all gradients together, before clipping; absent without clipping. */
  readonly gradientNorm?: number;
}

/** A step that the engine was given. */
export interface StartedStep {
  /** Its result. A rejection that nobody waits for is not reported. */
  readonly result: Promise<StepResult>;
}

/** Result of `Learner.gradients`. */
export interface GradientResult extends StepResult {
  /** Variance of each image's features, [N]. */
  readonly featureVariance: Float32Array;
  /** Gradient of each parameter by PyTorch's name. */
  readonly gradients: Map<string, Float32Array>;
}

/** A program's outputs as a step's result. */
export function stepResultOf(outputs: Record<string, TensorData>): StepResult {
  return {
    loss: outputs.loss![0]!,
    crossEntropy: outputs.crossEntropy![0]!,
    logits: outputs.logits as Float32Array,
    ...weightingOf(outputs),
    ...normOf(outputs),
  };
}

function weightingOf({ featureVariance, lossWeight }: Record<string, TensorData>): {
  readonly weighting?: Weighting;
} {
  if (!featureVariance || !lossWeight) return {};
  return { weighting: { variances: featureVariance as Float32Array, weights: lossWeight as Float32Array } };
}

/** The norm of gradients among a program's outputs. */
export function normOf({ gradientNorm }: Record<string, TensorData>): { readonly gradientNorm?: number } {
  return gradientNorm ? { gradientNorm: gradientNorm[0]! } : {};
}
