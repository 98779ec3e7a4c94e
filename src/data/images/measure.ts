import type { ImageSource } from '../dataset.js';
import { decoder } from './decoder.js';
import { readImageSource } from './imageSource.js';

/** Number of images that are measured. */
const SAMPLE = 24;

/**
 * The median of the shorter sides of a data set's images in pixels, of a sample spread over the data set; undefined
 * if none of them can be read.
 */
export async function typicalSize(set: {
  readonly count: number;
  readonly source: (index: number) => ImageSource;
}): Promise<number | undefined> {
  const sample = Math.min(SAMPLE, set.count);
  const sides = await Promise.all(
    Array.from({ length: sample }, (_, i) => shorterSide(set.source(Math.floor((i * set.count) / sample)))),
  );
  const known = sides.filter((side) => side !== undefined).sort((a, b) => a - b);
  return known[known.length >> 1];
}

async function shorterSide(source: ImageSource): Promise<number | undefined> {
  try {
    const sharp = await decoder();
    const { width, height } = await sharp((await readImageSource(source)).bytes).metadata();
    return Math.min(width, height);
  } catch {
    return undefined;
  }
}
