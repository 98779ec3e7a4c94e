import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Batch } from '../data/batch.js';
import { pixelsOf } from '../data/images/pixelsOf.js';
import { errorMessage, UserError } from '../errors.js';
import { filterSummaries } from '../formats/tensorboard/encodeEvent.js';
import { EventWriter } from '../formats/tensorboard/eventWriter.js';
import {
  type Hyperparameter,
  histogramSummary,
  hparamsEnd,
  hparamsStart,
  imageSummary,
  textSummary,
} from '../formats/tensorboard/summaries.js';
import type { DataDescription, Progress } from '../train/checkpointInfo.js';
import type { EpochResult, TrainerListener } from '../train/events.js';
import { writeFileAtomically } from './atomicFile.js';
import { SETTING_KEYS, settingOf } from './settings/table.js';
import type { TrainConfig } from './trainConfig.js';

/** Steps from one value of the training loss to the next, as in the published code. */
const STEPS = 25;

/** The published code's chart of the training loss, whose horizontal axis is steps; all others have epochs. */
const STEP_CHART = 'Loss/train';

/** Charts of epochs. */
const EPOCH_CHARTS: readonly (readonly [tag: string, value: (result: EpochResult) => number])[] = [
  ['Accuracy/train', (r) => r.train.top1],
  ['Accuracy/test', (r) => r.test.top1],
  ['EpochLoss/train', (r) => r.trainLoss],
  ['CrossEntropy/train', (r) => r.train.crossEntropy],
  ['CrossEntropy/test', (r) => r.test.crossEntropy],
  ['LearningRate', (r) => r.learningRate],
];

/** Images of the first batch that are shown. */
const IMAGES = 12;

/** Scalars that runs are compared by on TensorBoard's page of hyperparameters. */
const METRICS = ['Accuracy/test', 'CrossEntropy/test', 'EpochLoss/train'];

/** A log that holds a file open. */
export interface OpenLog {
  readonly listener: TrainerListener;
  /** @throws UserError when what is still to be written cannot be */
  close(): Promise<void>;
}

/** What images of a batch show, and how they are normalised. */
export type ImageDescription = Pick<DataDescription, 'classes' | 'mean' | 'std'> & {
  readonly imageSize: number;
};

/** Inputs of {@link tensorBoardLog}. */
export interface TensorBoardLogOptions {
  /** Folder of the event file. */
  readonly folder: string;
  readonly config: TrainConfig;
  readonly images: ImageDescription;
  /** Where the run resumes; undefined for a new one. */
  readonly progress: Pick<Progress, 'epoch' | 'globalStep'> | undefined;
}

/**
 * Writes TensorBoard charts to an event file: the published code's `Loss/train` every 25 steps; every epoch, numbered
 * from 1, the accuracies in percent, the losses, the learning rate, and histograms of the variances of features and of
 * the weights that the bias loss gave the images; once, some images of the first batch as the model takes them, the
 * settings as text and as hyperparameters. A resumed run marks a session and removes repeated steps from older files,
 * so that no step is there twice.
 *
 * @throws UserError when a file cannot be written; the listener throws it, too
 */
export async function tensorBoardLog(options: TensorBoardLogOptions): Promise<OpenLog> {
  const { folder, config, progress, images } = options;
  if (progress) await dropLater(folder, progress);
  const writer = EventWriter.open(folder);
  // The first step to come; a chart's epochs are all before it.
  if (progress) writer.session(progress.globalStep + 1);
  else writeSettings(writer, config);
  let pending: Promise<void> | undefined;
  return {
    listener: (event) => {
      if (event.event === 'batch' && event.globalStep === 0)
        pending = writeImages(writer, event.batch, images);
      if (event.event === 'step' && event.globalStep % STEPS === 0)
        writer.scalar(STEP_CHART, event.loss, event.globalStep);
      if (event.event === 'epoch') writeEpoch(writer, event);
      if (event.event === 'result') writer.summary(hparamsEnd(Date.now()), 0);
    },
    close: async () => {
      try {
        await pending;
      } finally {
        writer.close();
      }
    },
  };
}

function writeEpoch(writer: EventWriter, result: EpochResult): void {
  const step = result.epoch + 1;
  for (const [tag, value] of EPOCH_CHARTS) writer.scalar(tag, value(result), step);
  if (result.weighting === undefined) return;
  writer.summary(histogramSummary('Weighting/feature_variance', result.weighting.variances), step);
  writer.summary(histogramSummary('Weighting/loss_weight', result.weighting.weights), step);
}

function writeSettings(writer: EventWriter, config: TrainConfig): void {
  const rows = Object.entries(config).map(([key, value]) => `| ${key} | \`${JSON.stringify(value)}\` |`);
  writer.summary(textSummary('Settings', ['| setting | value |', '| --- | --- |', ...rows].join('\n')), 0);
  for (const summary of hparamsStart(hyperparametersOf(config), METRICS, Date.now()))
    writer.summary(summary, 0);
}

/** The settings that are neither paths nor unset; lists as text. */
function hyperparametersOf(config: TrainConfig): Record<string, Hyperparameter> {
  return Object.fromEntries(
    SETTING_KEYS.flatMap((key): [string, Hyperparameter][] => {
      const value = config[key];
      if (value === null || value === undefined || settingOf(key).path) return [];
      return [[key, typeof value === 'object' ? value.join() : value]];
    }),
  );
}

/** Writes images as the model takes them, augmented; the batch's arrays are read before the first wait. */
async function writeImages(writer: EventWriter, batch: Batch, images: ImageDescription): Promise<void> {
  const { imageSize, classes, mean } = images;
  const count = Math.min(IMAGES, batch.count);
  const shown = Array.from({ length: count }, (_, n) => ({
    tag: `FirstBatch/${n} ${classes[batch.labels[n]!]}`,
    pixels: pixelsOf(batch.images, n, images),
  }));
  const { default: sharp } = await import('sharp');
  const channels = mean.length === 1 ? 1 : 3;
  for (const { tag, pixels } of shown) {
    const raw = { width: imageSize, height: imageSize, channels } as const;
    const bytes = await sharp(pixels, { raw }).png().toBuffer();
    writer.summary(imageSummary(tag, { bytes, height: imageSize, width: imageSize, channels }), 0);
  }
}

async function dropLater(
  folder: string,
  { epoch, globalStep }: Pick<Progress, 'epoch' | 'globalStep'>,
): Promise<void> {
  const names = readdirSync(folder).filter((name) => name.startsWith('events.out.tfevents.'));
  for (const path of names.map((name) => join(folder, name))) {
    const bytes = readEvents(path);
    const kept = keptEvents(bytes, (tag) => (tag === STEP_CHART ? globalStep : epoch));
    if (kept !== bytes) await writeFileAtomically(path, [kept]);
  }
}

/** An event file up to each chart's last step; a file that another program damaged stays as it is. */
function keptEvents(bytes: Uint8Array, lastOf: (tag: string) => number): Uint8Array {
  try {
    return filterSummaries(bytes, ({ tag, step }) => step <= lastOf(tag));
  } catch {
    return bytes;
  }
}

function readEvents(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${errorMessage(error)}`);
  }
}
