import { CIFAR_NORMALISATION } from '../data/dataset.js';
import { imagenetResizeSize, type Preprocessing } from '../data/preprocessing.js';
import type { CheckpointInfo, DataDescription } from './checkpointInfo.js';
import { type PublishedDescription, resizeSizeOf } from './publishedWeights.js';

/** Data sets whose images are kept in memory and not cropped. */
const WHOLE: readonly unknown[] = ['cifar10', 'cifar100', 'synthetic'];

/**
 * The preprocessing that a checkpoint's model was trained for. Files of older versions don't have all of it: then
 * CIFAR's and generated images are not cropped, others are centre-cropped, and EXIF is ignored.
 *
 * @param imageSize height and width of the model's input. Default: the checkpoint's; another size keeps the share that is cropped
 */
export function preprocessingOf(info: CheckpointInfo, imageSize = info.model.imageSize): Preprocessing {
  const { model, data } = info;
  const { mean, std, resizeSize: own, interpolation = 'bilinear', exif = 'ignore' } = data;
  // Rounded as ImageNet's usual share is for any size.
  const resizeSize =
    own === undefined ? usualResizeSize(info, imageSize) : Math.round((imageSize * own) / model.imageSize);
  return { mean, std, imageSize, resizeSize, interpolation, exif };
}

/** The shorter side in files that do not say it. */
function usualResizeSize({ data, training }: CheckpointInfo, imageSize: number): number {
  const isWhole = training
    ? WHOLE.includes(training.config.data)
    : data.mean.join() === CIFAR_NORMALISATION.mean.join();
  return isWhole ? imageSize : imagenetResizeSize(imageSize);
}

/**
 * The preprocessing that published weights are evaluated with.
 * EXIF is ignored, as torchvision and timm do.
 *
 * @param imageSize height and width of the model's input; another size than the published one keeps the share that is cropped
 */
export function publishedPreprocessing(published: PublishedDescription, imageSize: number): Preprocessing {
  const { mean, std, interpolation } = published;
  const resizeSize = resizeSizeOf(published, imageSize);
  return { mean, std, imageSize, resizeSize, interpolation, exif: 'ignore' };
}

/** A checkpoint's classes and preprocessing. */
export function describeData(
  classes: readonly string[],
  { mean, std, resizeSize, interpolation, exif }: Preprocessing,
): DataDescription {
  return { classes, mean, std, resizeSize, interpolation, exif };
}
