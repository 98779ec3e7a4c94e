import type { Dataset } from '../data/dataset.js';
import { typicalSize } from '../data/images/measure.js';
import type { SettingText } from '../errors.js';
import { createModel } from '../models/registry.js';
import type { TrainConfig } from './trainConfig.js';

/** The size at which images of a new run are prepared, and why. */
export interface ImageSizeChoice {
  /** Height and width; undefined: the set's own, or the model's. */
  readonly imageSize: number | undefined;
  /** The size in a sentence; undefined if the data leaves no choice. */
  readonly notice?: SettingText;
}

/** Models made for smaller images than this use {@link ENLARGED} pixels if the images have them. */
const SMALL_MODEL = 64;
const ENLARGED = 64;

/** Images of at least this size have more detail than 32 pixels can show. */
const LARGE_IMAGE = 48;

/**
 * Chooses the size of images in files for a model: the requested one; else the size that the model was made for, or 64
 * if that is smaller and most images are larger.
 */
export async function chooseImageSize(
  { imageSize: asked, model: name }: Pick<TrainConfig, 'imageSize' | 'model'>,
  data: Dataset,
): Promise<ImageSizeChoice> {
  if (data.kind === 'pixels') return { imageSize: asked ?? data.imageSize };
  if (asked !== null) return { imageSize: asked, notice: () => `images are prepared at ${asked}×${asked}` };
  const own = createModel({ name, classes: 2 }).config.imageSize;
  const typical = await typicalSize(data);
  const imageSize = own < SMALL_MODEL && typical !== undefined && typical >= LARGE_IMAGE ? ENLARGED : own;
  const theirs = typical === undefined ? '' : `the images’ shorter sides are about ${typical} pixels, and `;
  return {
    imageSize,
    notice: (nameOf) =>
      `images are prepared at ${imageSize}×${imageSize}: ${theirs}${name} was made for ${own} (${nameOf('imageSize')} changes it)`,
  };
}
