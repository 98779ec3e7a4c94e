import type { Dataset, Normalisation } from './dataset.js';

/** What is done with the EXIF orientation of a file: it is applied, or ignored. */
export type ExifHandling = 'apply' | 'ignore';

/** How images are resized: antialiased, as Pillow does, with a triangle or with Keys' cubic of a = −0.5. */
export type Interpolation = 'bilinear' | 'bicubic';

/** Every {@link Interpolation}. */
export const INTERPOLATIONS: readonly Interpolation[] = ['bilinear', 'bicubic'];

/** Whether a value from a file names an {@link Interpolation}. */
export function isInterpolation(value: unknown): value is Interpolation {
  return INTERPOLATIONS.some((each) => each === value);
}

/**
 * Preprocessing of an image in evaluation: EXIF orientation applied (`exif`), shorter side resized to `resizeSize`,
 * centre crop of `imageSize`×`imageSize`, scaled to [0, 1] and normalised. Every command that gives images to a model uses this one description, which is kept with the model.
 */
export interface Preprocessing extends Normalisation {
  /** Height and width of the model's input. */
  readonly imageSize: number;
  /** Pixels of the shorter side before the centre crop; `imageSize` if a square image is not cropped. */
  readonly resizeSize: number;
  readonly interpolation: Interpolation;
  readonly exif: ExifHandling;
}

/** The share of the resized shorter side that ImageNet's evaluation keeps: 224 of 256. */
const CROP_SHARE = 224 / 256;

/** The shorter side for an image size in ImageNet's evaluation: 256 for 224. */
export function imagenetResizeSize(imageSize: number): number {
  return Math.round(imageSize / CROP_SHARE);
}

/**
 * The default preprocessing of a data set, unless a model has another: images in memory are not cropped, as in CIFAR's
 * evaluation; images in files are centre-cropped, as in ImageNet's.
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
