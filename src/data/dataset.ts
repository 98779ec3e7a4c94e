import type { FileVersion } from './remote/fileVersion.js';

/** Mean and standard deviation per channel of pixels scaled to [0, 1]. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Mean and deviation of CIFAR's images, as the published training code has them. */
export const CIFAR_NORMALISATION: Normalisation = {
  mean: [0.507, 0.4865, 0.4409],
  std: [0.2673, 0.2564, 0.2761],
};

/** Mean and deviation of ImageNet's images, as torchvision has them. */
export const IMAGENET_NORMALISATION: Normalisation = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

/** What every data set of labelled images has. */
interface LabelledSet {
  /** For messages: `CIFAR-100 test`. */
  readonly name: string;
  /** Names of the classes; label i means classes[i]. */
  readonly classes: readonly string[];
  /** Number of images. */
  readonly count: number;
  /** Class of each image. */
  readonly labels: Int32Array;
  readonly normalisation: Normalisation;
}

/** Images that are kept decoded in memory. */
export interface PixelDataset extends LabelledSet {
  readonly kind: 'pixels';
  /** Height and width. */
  readonly imageSize: number;
  /** 3 (default), or 1 for grey. */
  readonly channels?: number | undefined;
  /** [count, channels, imageSize, imageSize] bytes, in shared memory, where there is any, so that workers read them without a copy. */
  readonly pixels: Uint8Array;
}

/** Images that are read and decoded when a batch needs them. */
export interface ImageDataset extends LabelledSet {
  readonly kind: 'images';
  /** Images are cropped to the model's input size. */
  readonly imageSize?: undefined;
  /** Images are decoded to the model's number of channels. */
  readonly channels?: undefined;
  /** Where image `index` is stored. */
  readonly source: (index: number) => ImageSource;
}

/** Where an encoded image is stored: a file, or a part of one. */
export interface ImageSource {
  /** A path, or the URL of an archive. */
  readonly path: string;
  /** The byte range of the image in the file, and its name there; without it, the whole file. */
  readonly member?: { readonly name: string; readonly offset: number; readonly length: number } | undefined;
  /** What is known of an archive at a URL: what it must still be, and the image's hash in a list of images. */
  readonly remote?: { readonly version: FileVersion; readonly hash: string } | undefined;
}

/** A set of labelled images. */
export type Dataset = PixelDataset | ImageDataset;

/** Training and test part of a set. */
export interface DatasetPair {
  readonly train: Dataset;
  readonly test: Dataset;
}

/** Both parts of a set in memory. */
export interface PixelDatasetPair extends DatasetPair {
  readonly train: PixelDataset;
  readonly test: PixelDataset;
}

/** Bytes in memory that worker threads can read, too, where there is such memory: pages must be isolated for it. */
export function sharedBytes(length: number): Uint8Array {
  return typeof SharedArrayBuffer === 'undefined'
    ? new Uint8Array(length)
    : new Uint8Array(new SharedArrayBuffer(length));
}

/** Some images of a set of files, in the order of `indices`. */
export function subset(dataset: ImageDataset, indices: Uint32Array): ImageDataset {
  return {
    ...dataset,
    count: indices.length,
    labels: Int32Array.from(indices, (index) => dataset.labels[index]!),
    source: (i) => dataset.source(indices[i]!),
  };
}

/**
 * `limit` images of a set; the whole set if there is no limit. Images in memory: the first ones;
 * files, which are ordered by class: spread evenly.
 */
export function limited(dataset: Dataset, limit: number | undefined): Dataset {
  const { count } = dataset;
  if (limit === undefined || limit >= count) return dataset;
  if (dataset.kind === 'pixels') return { ...dataset, count: limit, labels: dataset.labels.slice(0, limit) };
  return subset(
    dataset,
    Uint32Array.from({ length: limit }, (_, i) => Math.floor((i * count) / limit)),
  );
}
