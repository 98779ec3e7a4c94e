import type { Batch } from '../data/batch.js';
import { SOLO } from '../distributed/communicator.js';
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
import type { RankSums } from './rankSums.js';

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

/**
 * Accuracy of a learner's current values over batches, in evaluation mode; undefined if it was stopped. Of several ranks each takes
 * its share of the batches; the result is that of all, and undefined on all if one was stopped.
 */
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
  /** Sums over ranks, where several have batches of their own. Default: there is one. */
  readonly overRanks?: Pick<RankSums, 'ranks' | 'of'>;
}

/** Accuracy of a predictor over batches; undefined if it was stopped. */
export async function accuracyOver(
  predictor: Predictor,
  batches: AsyncIterable<Batch>,
  options: EvaluateOptions = {},
): Promise<Accuracy | undefined> {
  const { classes } = predictor.model.config;
  const { ranks } = predictor.overRanks ?? { ranks: SOLO };
  let sums: AccuracySums = NO_ACCURACY;
  let isStopped = false;
  for await (const { images, labels, count } of batches) {
    const { logits } = await predictor.predict(images);
    const { each } = options;
    sums = addAccuracy(sums, accuracySums(logits, labels, { classes, count, ...(each && { each }) }));
    isStopped = options.stopped?.() ?? false;
    if (isStopped) break;
    options.onProgress?.(sums.images * ranks.size, accuracyOf(sums));
  }
  const { images, top1, top5, crossEntropy } = sums;
  const own = [Number(isStopped), images, top1, top5, crossEntropy];
  const [stops, ...all] = (await predictor.overRanks?.of(own)) ?? own;
  if (stops! > 0) return undefined;
  return accuracyOf({ images: all[0]!, top1: all[1]!, top5: all[2]!, crossEntropy: all[3]! });
}
