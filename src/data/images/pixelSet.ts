import { UserError } from '../../errors.js';
import { writeBytePlanes } from '../byteImages.js';
import { luma, normalisationFor } from '../channels.js';
import { IMAGENET_NORMALISATION, type Normalisation, type PixelDataset, sharedBytes } from '../dataset.js';
import { imagenetResizeSize } from '../preprocessing.js';
import { CutResizer } from './cutResizer.js';
import { evaluationCut } from './geometry.js';
import { expectPixels, type RgbImage } from './image.js';

/** A decoded image with its class. */
export interface LabelledImage {
  readonly image: RgbImage;
  /** Index of its class. */
  readonly label: number;
}

/** Options of {@link pixelSet}. */
export interface PixelSetOptions {
  /** For messages; default `the images`. */
  readonly name?: string | undefined;
  /** Names of the classes in the order of the labels. */
  readonly classes: readonly string[];
  /** Height and width to which images are cut. */
  readonly imageSize: number;
  /** Pixels of the shorter side before the centre crop. Default: 256/224 of `imageSize`, as ImageNet's evaluation. */
  readonly resizeSize?: number | undefined;
  /** 3 (default), or 1 for grey. */
  readonly channels?: 1 | 3 | undefined;
  /** Mean and deviation of the images. Default: ImageNet's. */
  readonly normalisation?: Normalisation | undefined;
}

/**
 * A set in memory of decoded images, resized and cut as evaluation does it with files, bit for bit.
 *
 * @throws UserError for a label that is no class, or when an image has not three bytes for each pixel
 */
export function pixelSet(images: readonly LabelledImage[], options: PixelSetOptions): PixelDataset {
  const { name = 'the images', classes, imageSize, channels = 3 } = options;
  const { normalisation = IMAGENET_NORMALISATION } = options;
  const length = channels * imageSize ** 2;
  const pixels = sharedBytes(images.length * length);
  const resizer = new CutResizer(imageSize);
  const resizeSize = options.resizeSize ?? imagenetResizeSize(imageSize);
  images.forEach(({ image, label }, n) => {
    if (!Number.isInteger(label) || label < 0 || label >= classes.length)
      throw new UserError(
        `image ${n} of ${name} has the label ${label}, but there are ${classes.length} classes`,
      );
    expectPixels(`image ${n} of ${name}`, image, ['red', 'green', 'blue']);
    const { width, height } = image;
    const source = channels === 1 ? { ...image, data: greyOf(image.data) } : image;
    const rgb = resizer.resize(source, evaluationCut(width, height, imageSize, resizeSize));
    writeBytePlanes(pixels.subarray(n * length, (n + 1) * length), rgb, channels);
  });
  return {
    kind: 'pixels',
    ...{ name, classes, imageSize, channels, pixels },
    count: images.length,
    labels: Int32Array.from(images, ({ label }) => label),
    normalisation: normalisationFor(normalisation, channels),
  };
}

/** The same image without colours, [pixels, 3]. */
function greyOf(rgb: Uint8Array): Uint8Array {
  const grey = new Uint8Array(rgb.length);
  for (let i = 0; i < rgb.length; i += 3) grey.fill(luma(rgb[i]!, rgb[i + 1]!, rgb[i + 2]!), i, i + 3);
  return grey;
}
