import { UserError } from '../../errors.js';

/** Images with more pixels are refused, against decompression bombs: Pillow's limit for its warning (a quarter of a gigabyte of RGB). */
export const MOST_PIXELS = Math.floor(1024 ** 3 / 4 / 3);

/** A decoded image: [height, width, 3] bytes. */
export interface RgbImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Whether it is of 16-bit grey, whose values above 255 were clipped. */
  readonly isClippedGrey?: boolean;
}

/**
 * Rejects pixels of which there are more or fewer than the size says.
 *
 * @param name what messages call the image
 * @param channels what each pixel has, a byte of each
 */
export function expectPixels(
  name: string,
  {
    data,
    width,
    height,
  }: { readonly data: ArrayLike<number>; readonly width: number; readonly height: number },
  channels: readonly string[],
): void {
  if (![width, height].every((side) => Number.isInteger(side) && side > 0))
    throw new UserError(`${name} has a size of ${width}×${height}: expected whole numbers above 0`);
  const expected = channels.length * width * height;
  if (data.length !== expected)
    throw new UserError(
      `${name} has ${data.length} bytes, but ${width}×${height} pixels of ${channels.join(', ')} are ${expected}`,
    );
}
