import { blend } from '../images/colourJitter.js';
import type { RgbImage } from '../images/image.js';

/**
 * Blends with the smoothed image: f = 0 gives that, 1 the image, 2 a sharpened one. In place; the outermost pixels stay (Pillow's
 * ImageEnhance.Sharpness).
 *
 * @param old room for the old image, as long as its data
 */
export function adjustSharpness({ data, width, height }: RgbImage, f: number, old: Uint8Array): void {
  old.set(data);
  const row = 3 * width;
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * row + 3; i < (y + 1) * row - 3; i++) {
      const above = old[i - row - 3]! + old[i - row]! + old[i - row + 3]!;
      const below = old[i + row - 3]! + old[i + row]! + old[i + row + 3]!;
      const sum = above + below + old[i - 3]! + 5 * old[i]! + old[i + 3]!;
      // The sum's 13 parts, rounded.
      data[i] = blend(Math.trunc((2 * sum + 13) / 26), old[i]!, f);
    }
  }
}
