import type { Batch } from '../data/batch.js';
import type { ModelConfig } from '../models/model.js';
import type { Learner } from './learner.js';
import {
  type Accuracy,
  type AccuracySums,
  accuracyOf,
  accuracySums,
  addAccuracy,
  NO_ACCURACY,
} from './metrics.js';

/** Options of {@link evaluate}. */
export interface EvaluateOptions {
  /** Called after each batch with the number of images so far and their accuracy. */
  readonly onProgress?: ((images: number, accuracy: Accuracy) => void) | undefined;
  /** Called for each image with its class, the most probable class and that one's probability. */
  readonly each?: (label: number, predicted: number, confidence: number) => void;
  /** Ends the evaluation early, for an interrupted run. */
  readonly stopped?: () => boolean;
  /** Evaluates the averaged weights instead. Default false. */
  readonly averaged?: boolean;
}

/** Accuracy of a learner's current values over batches, in evaluation mode; undefined if it was stopped. */
export async function evaluate(
  learner: Learner,
  batches: AsyncIterable<Batch>,
  options: EvaluateOptions = {},
): Promise<Accuracy | undefined> {
  await learner.beginEvaluation({ averaged: options.averaged });
  try {
    return await accuracyOver(learner, batches, options);
  } finally {
    await learner.endEvaluation();
  }
}

/** What gives the logits of a batch: a classifier, a learner whose evaluation has begun, or an exported model. */
export interface Predictor {
  readonly model: {
    readonly config: Pick<ModelConfig, 'classes' | 'imageSize'>;
    /** Channels of the images. */
    readonly channels: number;
  };
  /** @param images [N, C, S, S], normalised */
  predict(images: Float32Array): Promise<{ readonly logits: Float32Array }>;
}

/** Accuracy of a predictor over batches; undefined if it was stopped. */
export async function accuracyOver(
  predictor: Predictor,
  batches: AsyncIterable<Batch>,
  options: EvaluateOptions = {},
): Promise<Accuracy | undefined> {
  const { classes } = predictor.model.config;
  let sums: AccuracySums = NO_ACCURACY;
  for await (const { images, labels, count } of batches) {
    const { logits } = await predictor.predict(images);
    const { each } = options;
    sums = addAccuracy(sums, accuracySums(logits, labels, { classes, count, ...(each && { each }) }));
    if (options.stopped?.()) return undefined;
    options.onProgress?.(sums.images, accuracyOf(sums));
  }
  return accuracyOf(sums);
}
