import sharp from 'sharp';
import type { RgbPicture } from '../../../src/data/pictures/decode.js';

/** A picture from a formula: (7xy + 3x + 5y + 50c) mod 256. */
export function formulaPicture(width: number, height: number): RgbPicture {
  const data = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++) data[3 * (y * width + x) + c] = 7 * x * y + 3 * x + 5 * y + 50 * c;
  return { data, width, height };
}

/** An encoded picture of one colour. */
export function plainPicture(
  format: 'jpeg' | 'png' | 'webp',
  [r, g, b]: readonly [number, number, number],
  width = 8,
  height = width,
): Promise<Buffer> {
  const picture = sharp({ create: { width, height, channels: 3, background: { r, g, b } } });
  return picture.toFormat(format, { lossless: true }).toBuffer();
}
