import sharp from 'sharp';
import type { RgbImage } from '../../../src/data/images/image.js';

/** An image from a formula: (7xy + 3x + 5y + 50c) mod 256. */
export function formulaImage(width: number, height: number): RgbImage {
  const data = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++) data[3 * (y * width + x) + c] = 7 * x * y + 3 * x + 5 * y + 50 * c;
  return { data, width, height };
}

/** An encoded image of one colour. */
export function plainImage(
  format: 'jpeg' | 'png' | 'webp',
  [r, g, b]: readonly [number, number, number],
  width = 8,
  height = width,
): Promise<Buffer> {
  const image = sharp({ create: { width, height, channels: 3, background: { r, g, b } } });
  return image.toFormat(format, { lossless: true }).toBuffer();
}
