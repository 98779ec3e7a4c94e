import { CIFAR_NORMALISATION } from '../data/dataset.js';
import { type ExifHandling, imagenetResizeSize, type Preprocessing } from '../data/preprocessing.js';
import type { CheckpointInfo, DataDescription } from './checkpointInfo.js';
import { type PublishedDescription, resizeSizeOf } from './publishedWeights.js';

/** Data sets whose images are kept in memory and not cropped. */
const WHOLE: readonly unknown[] = ['cifar10', 'cifar100', 'synthetic'];

/**
 * The preprocessing that a checkpoint's model was trained for. Files of older versions don't have all of it: then
 * CIFAR's and generated images are not cropped, others are centre-cropped, and EXIF is ignored.
 *
 * @param imageSize height and width of the model's input. Default: the checkpoint's
 */
export function preprocessingOf(
  { model, data, training }: CheckpointInfo,
  imageSize = model.imageSize,
): Preprocessing {
  const { interpolation = 'bilinear', exif = 'ignore' } = data;
  const isWhole =
    data.resizeSize === undefined
      ? training
        ? WHOLE.includes(training.config.data)
        : data.mean.join() === CIFAR_NORMALISATION.mean.join()
      : data.resizeSize === model.imageSize;
  const own = imageSize === model.imageSize ? data.resizeSize : undefined;
  const resizeSize = own ?? (isWhole ? imageSize : imagenetResizeSize(imageSize));
  return { mean: data.mean, std: data.std, imageSize, resizeSize, interpolation, exif };
}

/**
 * The preprocessing that published weights are evaluated with.
 *
 * @param imageSize height and width of the model's input; another size than the published one keeps the share that is cropped
 * @param exif default `ignore`, as torchvision and timm do
 */
export function publishedPreprocessing(
  published: PublishedDescription,
  imageSize: number,
  exif: ExifHandling = 'ignore',
): Preprocessing {
  const { mean, std, interpolation } = published;
  return { mean, std, imageSize, resizeSize: resizeSizeOf(published, imageSize), interpolation, exif };
}

/** A checkpoint's classes and preprocessing. */
export function describeData(
  classes: readonly string[],
  { mean, std, resizeSize, interpolation, exif }: Preprocessing,
): DataDescription {
  return { classes, mean, std, resizeSize, interpolation, exif };
}
