import type { RgbImage } from '../images/image.js';

/** Mirrors an image in place: left becomes right. */
export function mirror({ data, width, height }: RgbImage): void {
  for (let y = 0; y < height; y++)
    for (let i = 3 * y * width, j = i + 3 * (width - 1); i < j; i += 3, j -= 3) swapPixels(data, i, j);
}

/** Turns an image upside down in place: top becomes bottom. */
export function turnOver({ data, width, height }: RgbImage): void {
  const row = 3 * width;
  for (let top = 0, bottom = (height - 1) * row; top < bottom; top += row, bottom -= row)
    for (let i = 0; i < row; i += 3) swapPixels(data, top + i, bottom + i);
}

function swapPixels(data: Uint8Array, i: number, j: number): void {
  for (let c = 0; c < 3; c++) {
    const kept = data[i + c]!;
    data[i + c] = data[j + c]!;
    data[j + c] = kept;
  }
}
