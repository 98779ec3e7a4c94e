import { normalisationFor } from '../data/channels.js';
import type { Dataset, DatasetPair } from '../data/dataset.js';
import { Loader } from '../data/loader.js';
import { type Preprocessing, standardPreprocessing } from '../data/preprocessing.js';
import type { Ranks } from '../distributed/communicator.js';
import type { Model } from '../models/model.js';
import type { Checkpoint } from '../train/learnerState.js';
import { preprocessingOf, publishedPreprocessing } from '../train/preprocessing.js';
import type { PublishedDescription } from '../train/publishedWeights.js';
import { partOf } from './rankShare.js';
import type { TrainConfig } from './trainConfig.js';
import { mixingOf, transformsOf } from './transformsOf.js';

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

/** What images go through: as in the checkpoint that is resumed, else as published weights or the data have it. */
export function preprocessingFor(
  { config, checkpoint }: { readonly config: TrainConfig; readonly checkpoint?: Checkpoint | undefined },
  train: Dataset,
  {
    model: { config: size, channels },
    published,
  }: { readonly model: Model; readonly published: PublishedDescription | undefined },
): Preprocessing {
  const standard = checkpoint
    ? preprocessingOf(checkpoint, size.imageSize)
    : freshPreprocessing(config, train, { ...size, published });
  return { ...standard, ...normalisationFor(standard, channels) };
}

/** The preprocessing of a new run: that of its published weights, else the usual one of its data. */
function freshPreprocessing(
  config: TrainConfig,
  train: Dataset,
  {
    imageSize,
    published,
  }: { readonly imageSize: number; readonly published: PublishedDescription | undefined },
): Preprocessing {
  const exif = train.kind === 'images' ? config.exif : undefined;
  const usual = standardPreprocessing(train, imageSize, exif);
  if (!published) return usual;
  const { mean, std, interpolation, resizeSize } = publishedPreprocessing(published, imageSize, exif);
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
  }: {
    readonly config: TrainConfig;
    readonly ranks: Ranks;
    readonly model: Model;
    readonly preprocessing: Preprocessing;
  },
  opened: Opened,
): { readonly train: Loader; readonly test: Loader } {
  const { workers, seed, balancedSampler: balanced } = config;
  const { imageSize } = model.config;
  const part = { batchSize: partOf(config, ranks), part: ranks };
  const loading = { ...part, workers, imageSize, channels: model.channels, preprocessing };
  const training = { seed, balanced, transforms: transformsOf(config), mixing: mixingOf(config) };
  return {
    train: opened.keep(new Loader(train, { ...loading, training })),
    test: opened.keep(new Loader(test, loading)),
  };
}
