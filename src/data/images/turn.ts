import type { CanvasPixels } from './canvasPixels.js';

/**
 * Turns pixels as an EXIF orientation says.
 *
 * @param orientation from 1 (as they are) to 8; from 5 on, width and height change places
 */
export function turned(pixels: CanvasPixels, orientation: number): CanvasPixels {
  if (orientation < 2 || orientation > 8) return pixels;
  const isTransposed = orientation > 4;
  // Whether rows and columns of what is stored are read from their ends.
  const fromRight = [2, 3, 7, 8].includes(orientation);
  const fromBottom = [3, 4, 6, 7].includes(orientation);
  const [width, height] = isTransposed ? [pixels.height, pixels.width] : [pixels.width, pixels.height];
  const { data } = pixels;
  const from = new Uint32Array(data.buffer, data.byteOffset, pixels.width * pixels.height);
  const to = new Uint32Array(from.length);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const [column, row] = isTransposed ? [y, x] : [x, y];
      const left = fromRight ? pixels.width - 1 - column : column;
      const top = fromBottom ? pixels.height - 1 - row : row;
      to[i] = from[top * pixels.width + left]!;
    }
  return { data: new Uint8ClampedArray(to.buffer), width, height };
}
