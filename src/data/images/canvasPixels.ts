import { expectPixels, type RgbImage } from './image.js';

/** Pixels as a canvas gives them, such as an `ImageData`: rows of red, green, blue and alpha. */
export interface CanvasPixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/**
 * The colours of a canvas's pixels; alpha is left out, not blended.
 *
 * @throws UserError when there are not four bytes for each pixel
 */
export function rgbOfCanvas({ data, width, height }: CanvasPixels): RgbImage {
  expectPixels('the canvas', { data, width, height }, ['red', 'green', 'blue', 'alpha']);
  const rgb = new Uint8Array(3 * width * height);
  for (let i = 0, o = 0; o < rgb.length; i += 4, o += 3) {
    rgb[o] = data[i]!;
    rgb[o + 1] = data[i + 1]!;
    rgb[o + 2] = data[i + 2]!;
  }
  return { data: rgb, width, height };
}
