import { ImageStore } from '../data/cache/imageStore.js';
import { normalisationFor } from '../data/channels.js';
import type { Dataset, DatasetPair } from '../data/dataset.js';
import { Loader } from '../data/loader.js';
import { type Preprocessing, standardPreprocessing } from '../data/preprocessing.js';
import type { LaunchedRanks } from '../distributed/launcher.js';
import type { SettingText } from '../errors.js';
import type { Model } from '../models/model.js';
import type { Checkpoint } from '../train/learnerState.js';
import { preprocessingOf } from '../train/preprocessing.js';
import type { WeightsFile } from '../train/weights.js';
import { partOf } from './rankShare.js';
import { noticeEvent, type RunListener } from './runEvents.js';
import type { TrainConfig } from './trainConfig.js';
import { mixingOf, transformsOf } from './transformsOf.js';
import { preprocessingOfWeights } from './weightsDescription.js';

/** What is to be closed with the run. */
export class Opened {
  private readonly resources: { close(): Promise<void> }[] = [];

  /** Adds a resource and returns it. */
  keep<T extends { close(): Promise<void> }>(resource: T): T {
    this.resources.push(resource);
    return resource;
  }

  /** Closes everything, the last first. */
  async close(): Promise<void> {
    for (const resource of this.resources.splice(0).reverse()) await resource.close();
  }
}

/** What images go through: as in the checkpoint that is resumed, else as the weights that a run starts with or the data have it. */
export function preprocessingFor(
  { config, checkpoint }: { readonly config: TrainConfig; readonly checkpoint?: Checkpoint | undefined },
  train: Dataset,
  { model, weights }: { readonly model: Model; readonly weights: WeightsFile | undefined },
): Preprocessing {
  const standard = checkpoint
    ? preprocessingOf(checkpoint, model.config.imageSize)
    : freshPreprocessing(config, train, model, weights);
  return { ...standard, ...normalisationFor(standard, model.channels) };
}

/** The preprocessing of a new run: that of the weights that it starts with, as far as they say it, else the usual one of its data. */
function freshPreprocessing(
  config: TrainConfig,
  train: Dataset,
  model: Model,
  weights: WeightsFile | undefined,
): Preprocessing {
  const exif = train.kind === 'images' ? config.exif : undefined;
  const usual = standardPreprocessing(train, model.config.imageSize, exif);
  if (!weights) return usual;
  const { mean, std, interpolation, resizeSize } = preprocessingOfWeights(weights, model, usual);
  // Images in memory are not cropped, whatever the weights were trained on.
  return train.kind === 'pixels'
    ? { ...usual, mean, std }
    : { ...usual, mean, std, interpolation, resizeSize };
}

/** Makes the loaders of a rank's part of a run's data. */
export function openLoaders(
  { train, test }: DatasetPair,
  {
    config,
    ranks,
    model,
    preprocessing,
    onEvent,
  }: {
    readonly config: TrainConfig;
    readonly ranks: LaunchedRanks;
    readonly model: Model;
    readonly preprocessing: Preprocessing;
    readonly onEvent?: RunListener | undefined;
  },
  opened: Opened,
): { readonly train: Loader; readonly test: Loader } {
  const { workers, seed, balancedSampler: balanced } = config;
  const { imageSize } = model.config;
  const part = { batchSize: partOf(config, ranks), part: ranks };
  const store = train.kind === 'images' ? storeFor(config, ranks, opened) : undefined;
  const onKept = (kept: number): void => onEvent?.(noticeEvent('data', keptNotice(kept, store!)));
  const loading = { ...part, workers, imageSize, channels: model.channels, preprocessing, store };
  const training = { seed, balanced, transforms: transformsOf(config), mixing: mixingOf(config) };
  return {
    train: opened.keep(new Loader(train, { ...loading, training, onKept })),
    test: opened.keep(new Loader(test, loading)),
  };
}

/** The room for decoded images that the configuration asks for, which the ranks of a machine share. */
function storeFor(
  { cache, cacheMb }: TrainConfig,
  { localSize }: LaunchedRanks,
  opened: Opened,
): ImageStore | undefined {
  if (cache === 'off') return undefined;
  const most = cacheMb === null ? undefined : Math.floor((cacheMb * 1e6) / localSize);
  return opened.keep(new ImageStore({ place: cache, most, sharers: localSize }));
}

/** How many training images are kept after the first epoch. */
function keptNotice(kept: number, { place, bytes, isFull }: ImageStore): SettingText {
  const where = place === 'ram' ? 'in memory' : 'on disk';
  const size = `${(bytes / 1e6).toFixed(0)} MB of images`;
  const rest = isFull ? '; what does not fit is decoded in each epoch' : '';
  return () => `${kept} training images are kept decoded ${where} (${size})${rest}`;
}
