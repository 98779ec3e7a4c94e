import type { SettingText } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import type { Tensor } from '../graph/tensor.js';

/** Inputs of a loss. */
export interface LossInput {
  /** [N, K] */
  readonly logits: Tensor;
  /** [N, …] */
  readonly features: Tensor;
  /** Class numbers, i32 [N], or distributions over the classes (soft targets), f32 [N, K]. */
  readonly labels: Tensor;
  /** Logits of a teacher, [N, K]; only there for a loss that asks for them. */
  readonly teacherLogits?: Tensor | undefined;
}

/** What a loss weighs data points by, and how much each of them counts. */
export interface LossWeighting {
  /** Variance of each image's features [N]. */
  readonly variances: Tensor;
  /** Factor of each data point's cross-entropy [N]. */
  readonly weights: Tensor;
}

/** Outputs of a loss. */
export interface LossOutput {
  /** Scalar to minimise. */
  readonly loss: Tensor;
  /** Mean cross-entropy of the batch, scalar; the loss itself if it is unweighted. */
  readonly crossEntropy: Tensor;
  /** How the loss weighs each data point; absent where it weighs all alike. */
  readonly weighting?: LossWeighting | undefined;
  /** New values of the loss's variables, by name. */
  readonly updates: ReadonlyMap<string, Tensor>;
}

/** A variable that belongs to a loss: training state, part of checkpoints. */
export interface LossVariable {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initial: number;
}

/** A loss of a batch. */
export interface Loss {
  /** Its name in reports, such as `bias` or `ce`. */
  readonly name: string;
  /** Their names start with `loss.`, which distinguishes them from the model's tensors in checkpoints. */
  readonly variables: readonly LossVariable[];
  /** Whether it takes a teacher's logits, which each batch must then have as `teacherLogits`. Default false. */
  readonly needsTeacher?: boolean | undefined;
  /** What may help where it is no longer finite, besides a lower learning rate. Default: nothing. */
  readonly remedy?: SettingText | undefined;
  /** Adds the loss to a graph. */
  build(graph: Graph, input: LossInput): LossOutput;
}
