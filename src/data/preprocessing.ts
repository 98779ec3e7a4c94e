import type { Dataset, Normalisation } from './dataset.js';

/** What is done with the orientation that a camera notes in a file (EXIF): images are turned, or taken as they are stored. */
export type ExifHandling = 'apply' | 'ignore';

/**
 * How an image becomes what a model sees, in evaluation: turned upright (`exif`), its shorter side resized to
 * `resizeSize`, the middle `imageSize`×`imageSize` cut, scaled to [0, 1] and normalised. Every command that shows
 * images to a model goes by this one description, which is kept with the model.
 */
export interface Preprocessing extends Normalisation {
  /** Height and width that the model sees. */
  readonly imageSize: number;
  /** Pixels of the shorter side before the middle is cut; `imageSize` where nothing is cut off a square image. */
  readonly resizeSize: number;
  /** How images are resized: antialiased bilinear, as Pillow does. */
  readonly interpolation: 'bilinear';
  readonly exif: ExifHandling;
}

/** The share of the resized shorter side that ImageNet's evaluation keeps: 224 of 256. */
const CROP_SHARE = 224 / 256;

/** The shorter side that goes with a size in ImageNet's evaluation: 256 for 224. */
export function imagenetResizeSize(imageSize: number): number {
  return Math.round(imageSize / CROP_SHARE);
}

/**
 * The preprocessing that a set of images goes with unless a model says otherwise: images in memory are taken whole,
 * as CIFAR's evaluation does; of images in files the middle is cut, as ImageNet's does.
 *
 * @param imageSize height and width that the model takes
 * @param exif default `ignore`, as torchvision does
 */
export function standardPreprocessing(
  { kind, normalisation }: Pick<Dataset, 'kind' | 'normalisation'>,
  imageSize: number,
  exif: ExifHandling = 'ignore',
): Preprocessing {
  const { mean, std } = normalisation;
  const resizeSize = kind === 'pixels' ? imageSize : imagenetResizeSize(imageSize);
  return { mean, std, imageSize, resizeSize, interpolation: 'bilinear', exif };
}
