import { type ExifHandling, type Interpolation, isInterpolation } from '../data/preprocessing.js';
import { errorMessage, UserError } from '../errors.js';
import type { ModelConfig } from '../models/model.js';
import { type AccuracySums, NO_ACCURACY } from './metrics.js';
import type { ThreadsSince } from './threads.js';

/** How far a run is. */
export interface Progress {
  /** The epoch to resume in, from 0. */
  readonly epoch: number;
  /** Steps of that epoch that are done. */
  readonly step: number;
  /** Steps since the start of the run. */
  readonly globalStep: number;
  /** Best test top-1 so far, in percent; −1 before the first evaluation with a finite cross-entropy. */
  readonly bestTop1: number;
  /** Test top-1 after the last finished epoch, in percent; absent before the first, and in files of older versions. */
  readonly lastTop1?: number;
  /** The same of the averaged weights; absent if none are kept. */
  readonly bestAverageTop1?: number;
  /**
   * The best value that early stopping has seen (a cross-entropy with its sign changed), and the epochs since; no best before there
   * was an evaluation with a finite cross-entropy.
   */
  readonly watched?: { readonly best?: number; readonly staleEpochs: number };
  /** Sums of the epoch's training so far: over its images, and `loss` over its batches. */
  readonly sums: AccuracySums & { readonly loss: number };
  /** Seconds spent on those steps. */
  readonly seconds: number;
}

/** The progress of a run that has not started. */
export const NO_PROGRESS: Progress = {
  epoch: 0,
  step: 0,
  globalStep: 0,
  bestTop1: -1,
  sums: { ...NO_ACCURACY, loss: 0 },
  seconds: 0,
};

/** Preprocessing and class names of a checkpoint's model. */
export interface DataDescription {
  readonly classes: readonly string[];
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Pixels of the shorter side before the centre crop; absent in files of older versions, as are the next two. */
  readonly resizeSize?: number;
  readonly interpolation?: Interpolation;
  /** Whether the EXIF orientation of images is applied. */
  readonly exif?: ExifHandling;
}

/** Description of a checkpoint besides its tensors. */
export interface CheckpointInfo {
  readonly model: ModelConfig;
  readonly data: DataDescription;
  /** Training state; absent in a file of weights alone. */
  readonly training?: TrainingDescription;
}

/** How far a run is, and what it needs to go on as if it had not stopped. */
export interface TrainingDescription {
  readonly progress: Progress;
  readonly config: Readonly<Record<string, unknown>>;
  /** The engine that computed, as it describes itself; absent in files of older versions, as is the next. */
  readonly engine?: string;
  /** Algorithms that the engine took, where measurements chose among several. */
  readonly choices?: Readonly<Record<string, string>>;
  /** On how many threads it computed since when, ascending; absent where nobody said. */
  readonly threads?: readonly ThreadsSince[];
  /** The factor of each class in the loss; absent without class weights, and in files of older versions. */
  readonly classWeights?: readonly number[];
}

/** Key of the safetensors metadata entry that holds {@link CheckpointInfo} as JSON. */
const INFO_KEY = 'biasloss';

/** The metadata of a safetensors file that describes its tensors. */
export function metadataOf(info: CheckpointInfo): Map<string, string> {
  return new Map([[INFO_KEY, JSON.stringify(info)]]);
}

/**
 * The description of a safetensors file's tensors in its metadata; undefined if another program wrote it.
 *
 * @throws UserError when the entry is damaged
 */
export function infoOf(metadata: ReadonlyMap<string, string>, path: string): CheckpointInfo | undefined {
  const text = metadata.get(INFO_KEY);
  if (text === undefined) return undefined;
  const wrong = (what: string): UserError =>
    new UserError(`${path} is damaged: its metadata entry ${INFO_KEY} ${what}`);
  let info: unknown;
  try {
    info = JSON.parse(text, (key, value: unknown) => (key === 'watched' ? withoutBrokenBest(value) : value));
  } catch (error) {
    throw wrong(`is not JSON (${errorMessage(error)})`);
  }
  if (!isInfo(info)) throw wrong('does not describe a model, its data and the progress of a run');
  return info;
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNumber = (value: unknown): value is number => typeof value === 'number';
const isCount = (value: unknown): value is number =>
  isNumber(value) && Number.isSafeInteger(value) && value >= 0;
const isListOf = <T>(value: unknown, is: (item: unknown) => item is T): value is T[] =>
  Array.isArray(value) && value.every(is);
const isText = (value: unknown): value is string => typeof value === 'string';

function isInfo(value: unknown): value is CheckpointInfo {
  if (!isFields(value)) return false;
  return (
    isModel(value.model) &&
    isData(value.data, value.model.channels ?? 3) &&
    (value.training === undefined || isTraining(value))
  );
}

function isModel(value: unknown): value is ModelConfig {
  if (!isFields(value)) return false;
  const { name, classes, imageSize, channels, ...hyperparameters } = value;
  return (
    isText(name) &&
    isCount(classes) &&
    isCount(imageSize) &&
    (channels === undefined || isCount(channels)) &&
    Object.values(hyperparameters).every(isNumber)
  );
}

function isData(value: unknown, channels: number): boolean {
  return (
    isFields(value) &&
    isListOf(value.classes, isText) &&
    [value.mean, value.std].every((item) => isListOf(item, isNumber) && item.length === channels) &&
    (value.resizeSize === undefined || isCount(value.resizeSize)) &&
    (value.interpolation === undefined || isInterpolation(value.interpolation)) &&
    (value.exif === undefined || value.exif === 'apply' || value.exif === 'ignore')
  );
}

function isThreads(value: unknown): value is ThreadsSince {
  return isFields(value) && isCount(value.step) && isCount(value.threads) && value.threads > 0;
}

/** Older versions wrote NaN as null, where the first cross-entropy was not finite. */
function withoutBrokenBest(watched: unknown): unknown {
  return isFields(watched) && watched.best === null ? { staleEpochs: watched.staleEpochs } : watched;
}

function isWatched(value: unknown): boolean {
  return isFields(value) && (value.best === undefined || isNumber(value.best)) && isCount(value.staleEpochs);
}

function isTraining({ training }: Fields): boolean {
  if (!isFields(training) || !isFields(training.config) || !isFields(training.progress)) return false;
  const { engine, choices, threads, classWeights } = training;
  if (engine !== undefined && !isText(engine)) return false;
  if (choices !== undefined && !(isFields(choices) && Object.values(choices).every(isText))) return false;
  if (threads !== undefined && !isListOf(threads, isThreads)) return false;
  if (classWeights !== undefined && !isListOf(classWeights, isNumber)) return false;
  const { epoch, step, globalStep, bestTop1, lastTop1, bestAverageTop1, watched, sums, seconds } =
    training.progress;
  if (![lastTop1, bestAverageTop1].every((item) => item === undefined || isNumber(item))) return false;
  if (watched !== undefined && !isWatched(watched)) return false;
  if (![epoch, step, globalStep].every(isCount) || !isNumber(bestTop1) || !isNumber(seconds)) return false;
  return (
    isFields(sums) &&
    [sums.images, sums.top1, sums.top5].every(isCount) &&
    isNumber(sums.loss) &&
    isNumber(sums.crossEntropy)
  );
}
