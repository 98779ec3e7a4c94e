import { normalisationFor } from '../channels.js';
import { IMAGENET_NORMALISATION, type Normalisation } from '../dataset.js';
import { normalisationTables } from '../normalise.js';
import { type ExifHandling, type Interpolation, imagenetResizeSize } from '../preprocessing.js';
import { ImagePreparer } from './prepare.js';

/** How images are prepared. */
export interface ReadImagesOptions {
  /** Height and width that the model takes. */
  readonly imageSize: number;
  /** Channels that the model takes: 3 (default), or 1 for grey. */
  readonly channels?: number | undefined;
  /** Mean and deviation that the model was trained with. Default: ImageNet's. */
  readonly normalisation?: Normalisation | undefined;
  /** Pixels of the shorter side before the centre crop. Default: 256/224 of `imageSize`. */
  readonly resizeSize?: number | undefined;
  /** Default `bilinear`. */
  readonly interpolation?: Interpolation | undefined;
  /** Whether the EXIF orientation of images is applied. Default `ignore`. */
  readonly exif?: ExifHandling | undefined;
}

/**
 * Reads image files as evaluation does: resized so that the shorter side is `resizeSize`,
 * centre-cropped, normalised.
 *
 * @returns [N, channels, imageSize, imageSize]
 * @throws UserError for an image that cannot be read, naming it
 */
export async function readImages(
  paths: readonly string[],
  {
    imageSize,
    channels = 3,
    normalisation = IMAGENET_NORMALISATION,
    resizeSize = imagenetResizeSize(imageSize),
    interpolation = 'bilinear',
    exif = 'ignore',
  }: ReadImagesOptions,
): Promise<Float32Array> {
  const images = new Float32Array(paths.length * channels * imageSize ** 2);
  const preparer = new ImagePreparer({
    preprocessing: { imageSize, resizeSize, interpolation, exif },
    tables: normalisationTables(normalisationFor(normalisation, channels)),
  });
  const indices = Uint32Array.from({ length: paths.length }, (_, i) => i);
  await preparer.fill(
    images,
    paths.map((path) => ({ path })),
    { epoch: 0, indices },
  );
  return images;
}
