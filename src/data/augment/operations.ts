import { adjustBrightness, adjustContrast, adjustSaturation } from '../images/colourJitter.js';
import type { RgbImage } from '../images/image.js';
import { type AffineMap, rotate, shearX, shearY, transformNearest, translate } from './affine.js';
import { adjustSharpness } from './sharpness.js';
import { autoContrast, equalize, posterize, solarize } from './tables.js';

/** Operations of RandAugment and TrivialAugment, in torchvision's order. */
export const OPERATIONS = [
  'Identity',
  'ShearX',
  'ShearY',
  'TranslateX',
  'TranslateY',
  'Rotate',
  'Brightness',
  'Color',
  'Contrast',
  'Sharpness',
  'Posterize',
  'Solarize',
  'AutoContrast',
  'Equalize',
] as const;

/** Name of an operation. */
export type OperationName = (typeof OPERATIONS)[number];

/** Changes an image in place; `old` is room for a copy of its data. */
type Operation = (image: RgbImage, magnitude: number, old: Uint8Array) => void;

const moved =
  (mapOf: (magnitude: number, image: RgbImage) => AffineMap): Operation =>
  (image, magnitude, old) =>
    transformNearest(image, mapOf(magnitude, image), old);

const APPLY: Readonly<Record<OperationName, Operation>> = {
  Identity: () => undefined,
  ShearX: moved(shearX),
  ShearY: moved(shearY),
  TranslateX: moved((pixels) => translate(Math.trunc(pixels), 0)),
  TranslateY: moved((pixels) => translate(0, Math.trunc(pixels))),
  Rotate: moved(rotate),
  Brightness: ({ data }, magnitude) => adjustBrightness(data, 1 + magnitude),
  Color: ({ data }, magnitude) => adjustSaturation(data, 1 + magnitude),
  Contrast: ({ data }, magnitude) => adjustContrast(data, 1 + magnitude),
  Sharpness: (image, magnitude, old) => adjustSharpness(image, 1 + magnitude, old),
  Posterize: ({ data }, bits) => posterize(data, bits),
  Solarize: ({ data }, threshold) => solarize(data, threshold),
  AutoContrast: ({ data }) => autoContrast(data),
  Equalize: ({ data }) => equalize(data),
};

/**
 * Applies an operation of torchvision's automatic augmentations in place, bit for bit as it does with Pillow's images, nearest
 * neighbours and black outside of the image.
 *
 * @param image bytes [height, width, 3]
 * @param magnitude slope of a shear, pixels of a translation, degrees, a factor's distance from 1, bits, or a threshold
 * @param old room for a copy of the image's data
 */
export function applyOperation(
  name: OperationName,
  image: RgbImage,
  magnitude: number,
  old: Uint8Array,
): void {
  APPLY[name](image, magnitude, old);
}
