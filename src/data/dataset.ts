/** Mean and standard deviation per channel of pixels scaled to [0, 1]. */
export interface Normalisation {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** Mean and deviation of CIFAR's pictures, as the published training code has them. */
export const CIFAR_NORMALISATION: Normalisation = {
  mean: [0.507, 0.4865, 0.4409],
  std: [0.2673, 0.2564, 0.2761],
};

/** Mean and deviation of ImageNet's pictures, as torchvision has them. */
export const IMAGENET_NORMALISATION: Normalisation = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

/** What every set of labelled pictures has. */
interface LabelledSet {
  /** For messages: `CIFAR-100 test`. */
  readonly name: string;
  /** Names of the classes; label i means classes[i]. */
  readonly classes: readonly string[];
  /** Number of pictures. */
  readonly count: number;
  /** Class of each picture. */
  readonly labels: Int32Array;
  readonly normalisation: Normalisation;
}

/** Pictures that are kept decoded in memory. */
export interface PixelDataset extends LabelledSet {
  readonly kind: 'pixels';
  /** Height and width. */
  readonly imageSize: number;
  /** [count, 3, imageSize, imageSize] bytes, in shared memory so that workers read them without a copy. */
  readonly pixels: Uint8Array;
}

/** A set of labelled pictures. */
export type Dataset = PixelDataset;

/** Bytes in memory that worker threads can read, too. */
export function sharedBytes(length: number): Uint8Array<SharedArrayBuffer> {
  return new Uint8Array(new SharedArrayBuffer(length));
}

/** The first `limit` pictures of a set; the whole set if there is no limit. */
export function limited<D extends Dataset>(dataset: D, limit: number | undefined): D {
  if (limit === undefined || limit >= dataset.count) return dataset;
  return { ...dataset, count: limit, labels: dataset.labels.slice(0, limit) };
}
