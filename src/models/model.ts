import type { Tensor } from '../graph/tensor.js';
import { type Shape, sizeOf } from '../graph/tensorType.js';
import { Module } from '../nn/module.js';
import type { Trace } from '../nn/trace.js';

/** What a model returns for a batch of images. */
export interface ModelOutput {
  /** [N, classes], before the softmax. */
  readonly logits: Tensor;
  /** The tensor whose variance gives the weights of the bias loss, [N, C, h, w]. */
  readonly features: Tensor;
}

/** Numbers of channels that images can have: colour and grey. */
export const IMAGE_CHANNELS: readonly number[] = [3, 1];

/**
 * Plain description of a model, from which it can be recreated; part of every checkpoint. A model of a family also
 * has the family's hyperparameters under their names.
 */
export interface ModelConfig {
  readonly name: string;
  readonly classes: number;
  /** Height and width of the images. */
  readonly imageSize: number;
  /** Channels of the images: 3 (default), or 1 for grey. */
  readonly channels?: number;
}

/** Parts whose learning rates layer decay lowers as far as another part's, by the names of their first modules. */
export interface JoinedParts {
  /** With those of the part before. */
  readonly previous?: readonly string[];
  /** With the classifier's. */
  readonly classifier?: readonly string[];
}

/** An image classifier. */
export abstract class Model extends Module {
  /** Names of the state entries that depend on the number of classes. */
  abstract readonly classifierEntries: readonly string[];
  /** Parts that are no groups of their own for layer decay. Default: none. */
  readonly joinedParts: JoinedParts = {};

  constructor(readonly config: ModelConfig) {
    super();
  }

  /**
   * Adds the model's computation to the trace's graph.
   *
   * @param images [N, channels, imageSize, imageSize], normalised
   */
  abstract forward(images: Tensor, trace: Trace): ModelOutput;

  override parts(prefix = ''): string[][] {
    return this.childParts(prefix);
  }

  /** Channels of the images. */
  get channels(): number {
    return this.config.channels ?? 3;
  }

  /** Shape of a batch of images: [batch, channels, imageSize, imageSize]. */
  imagesShape(batch: number): Shape {
    const { imageSize } = this.config;
    return [batch, this.channels, imageSize, imageSize];
  }

  /** Number of trained values. */
  get parameterCount(): number {
    return this.stateEntries().reduce(
      (total, { kind, shape }) => total + (kind === 'parameter' ? sizeOf(shape) : 0),
      0,
    );
  }
}
