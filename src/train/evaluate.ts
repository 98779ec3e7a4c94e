import type { Batch, BatchSource, ByteBatch } from '../data/batch.js';
import { SOLO } from '../distributed/communicator.js';
import type { Engine } from '../engines/engine.js';
import type { ImageBytes } from '../engines/imageBytes.js';
import type { ModelConfig } from '../models/model.js';
import type { Learner } from './learner.js';
import {
  type Accuracy,
  type AccuracySums,
  accuracyOf,
  accuracySums,
  addAccuracy,
  NO_ACCURACY,
  numbersOfSums,
  sumsOfNumbers,
} from './metrics.js';
import type { RankSums } from './rankSums.js';

/** Options of {@link evaluate}. */
export interface EvaluateOptions {
  /** Called after each batch with the number of images so far and their accuracy. */
  readonly onProgress?: ((images: number, accuracy: Accuracy) => void) | undefined;
  /** Called for each image with its class, the most probable class and that one's probability; −1 and NaN where the logits give none. */
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
  batches: AsyncIterable<Batch | ByteBatch>,
  options: EvaluateOptions = {},
): Promise<Accuracy | undefined> {
  await learner.beginEvaluation({ averaged: options.averaged });
  try {
    return await accuracyOver(learner, batches, options);
  } finally {
    await learner.endEvaluation();
  }
}

/** All batches of a source for a learner's evaluation: as bytes where its engine takes them. */
export function batchesFor(
  { engine }: Pick<Learner, 'engine'>,
  source: BatchSource,
): AsyncIterable<Batch | ByteBatch> {
  return (engine.takesBytes ? source.byteEpoch?.(0) : undefined) ?? source.epoch(0);
}

/**
 * What gives the logits of a batch: a classifier, a learner whose evaluation has begun, or an exported model.
 *
 * @typeParam Images what it takes: numbers, or bytes, too
 */
export interface Predictor<Images extends Float32Array | ImageBytes = Float32Array> {
  readonly model: {
    readonly config: Pick<ModelConfig, 'classes' | 'imageSize'>;
    /** Channels of the images. */
    readonly channels: number;
  };
  /** @param images [N, C, S, S], normalised */
  predict(images: Images): Promise<{ readonly logits: Float32Array }>;
  /** As {@link Engine.runsAhead}: a batch is given before the logits of the one before it are here. Default: false. */
  readonly engine?: Pick<Engine, 'runsAhead'>;
  /** Sums over ranks, where several have batches of their own. Default: there is one. */
  readonly overRanks?: Pick<RankSums, 'ranks' | 'of'>;
}

/** What is evaluated of a batch. */
type EvaluatedBatch<Images> = Pick<Batch, 'labels' | 'count'> & { readonly images: Images };

/** Accuracy of a predictor over batches; undefined if it was stopped. */
export async function accuracyOver<Images extends Float32Array | ImageBytes>(
  predictor: Predictor<Images>,
  batches: AsyncIterable<EvaluatedBatch<Images>>,
  options: EvaluateOptions = {},
): Promise<Accuracy | undefined> {
  const { classes } = predictor.model.config;
  const { ranks } = predictor.overRanks ?? { ranks: SOLO };
  let sums: AccuracySums = NO_ACCURACY;
  let isStopped = false;
  for await (const { logits, labels, count } of predictionsOf(predictor, batches)) {
    const { each } = options;
    sums = addAccuracy(sums, accuracySums(logits, labels, { classes, count, ...(each && { each }) }));
    isStopped = options.stopped?.() ?? false;
    if (isStopped) break;
    options.onProgress?.(sums.images * ranks.size, accuracyOf(sums));
  }
  const own = [Number(isStopped), ...numbersOfSums(sums)];
  const [stops, ...all] = (await predictor.overRanks?.of(own)) ?? own;
  if (stops! > 0) return undefined;
  return accuracyOf(sumsOfNumbers(all));
}

interface Predicted {
  readonly logits: Float32Array;
  readonly labels: Int32Array;
  readonly count: number;
}

/** The logits of batches in their order. Where the engine runs ahead, a batch is given to it before those of the one before are waited for. */
async function* predictionsOf<Images extends Float32Array | ImageBytes>(
  predictor: Predictor<Images>,
  batches: AsyncIterable<EvaluatedBatch<Images>>,
): AsyncGenerator<Predicted> {
  const predict = async ({ images, labels, count }: EvaluatedBatch<Images>): Promise<Predicted> => {
    const { logits } = await predictor.predict(images);
    return { logits, labels, count };
  };
  const runsAhead = predictor.engine?.runsAhead ?? false;
  let before: Promise<Predicted> | undefined;
  try {
    for await (const batch of batches) {
      const predicted = predict(batch);
      // Of an evaluation that ends early nobody waits for it.
      predicted.catch(() => undefined);
      if (!runsAhead) yield await predicted;
      else if (before) yield await before;
      before = runsAhead ? predicted : undefined;
    }
    if (before) yield await before;
  } finally {
    await before?.catch(() => undefined);
  }
}
