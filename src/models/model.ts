import type { Tensor } from '../graph/tensor.js';
import { Module } from '../nn/module.js';
import type { Trace } from '../nn/trace.js';

/** What a model returns for a batch of images. */
export interface ModelOutput {
  /** [N, classes], before the softmax. */
  readonly logits: Tensor;
  /** The tensor whose variance the bias loss weighs by, [N, C, h, w]. */
  readonly features: Tensor;
}

/** Plain description of a model, from which it can be made again; part of every checkpoint. */
export interface ModelConfig {
  readonly name: string;
  readonly classes: number;
  /** Height and width of the images. */
  readonly imageSize: number;
  /** Channel multiplier of ShuffleNetV2: 0.5, 1, 1.5 or 2. */
  readonly ratio?: number;
  /** Channel multiplier of SkipblockNet. */
  readonly width?: number;
  /** Probability of SkipblockNet's dropout, if not its own 0.2. */
  readonly dropout?: number;
}

/** An image classifier. */
export abstract class Model extends Module {
  /** Names of the state entries that depend on the number of classes. */
  abstract readonly classifierEntries: readonly string[];

  constructor(readonly config: ModelConfig) {
    super();
  }

  /**
   * Adds the model's computation to the trace's graph.
   *
   * @param images [N, 3, imageSize, imageSize], normalised
   */
  abstract forward(images: Tensor, trace: Trace): ModelOutput;

  /** Number of trained values. */
  get parameterCount(): number {
    return this.stateEntries().reduce(
      (total, { kind, shape }) =>
        total + (kind === 'parameter' ? shape.reduce((product, size) => product * size, 1) : 0),
      0,
    );
  }
}
