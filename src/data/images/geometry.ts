import { UserError } from '../../errors.js';
import type { Span } from './resample.js';

/** Which part of an image is resized to which size, and which part of the result is kept. */
export interface Cut {
  readonly columns: AxisCut;
  readonly rows: AxisCut;
}

/** A {@link Cut} along one axis. */
export interface AxisCut {
  /** The part of the image that is resized. */
  readonly input: Span;
  /** Its size after that. */
  readonly size: number;
  /** The part of the resized that is kept, with black where it goes beyond. */
  readonly wanted: Span;
}

/**
 * The crop for evaluation, as torchvision's Resize and CenterCrop on Pillow images: the shorter side
 * becomes `shorter` (256, say), the longer ⌊shorter·longer/shorter side⌋, and the middle imageSize×imageSize are kept.
 * A side that is less than imageSize then has black on both ends, of an odd number of pixels one more at the far end.
 *
 * @throws UserError when `imageSize` or `shorter` is not a whole number of pixels, at least 1
 */
export function evaluationCut(width: number, height: number, imageSize: number, shorter: number): Cut {
  expectPixelCount('imageSize', imageSize);
  expectPixelCount('resizeSize', shorter);
  const axis = (length: number, other: number): AxisCut => {
    const size = length <= other ? shorter : Math.trunc((shorter * length) / other);
    const rest = (size - imageSize) / 2;
    const start = rest < 0 ? Math.ceil(rest) : roundHalfEven(rest);
    return { input: { start: 0, length }, size, wanted: { start, length: imageSize } };
  };
  return { columns: axis(width, height), rows: axis(height, width) };
}

function expectPixelCount(name: string, size: number): void {
  if (!Number.isInteger(size) || size < 1)
    throw new UserError(`${name} must be a whole number of pixels, at least 1, not ${size}`);
}

/** Least area of the crop as a share of the image's, and its aspect ratio: torchvision's defaults. */
export const DEFAULT_CROP_SCALE = 0.08;
const LOG_RATIO: readonly [number, number] = [Math.log(3 / 4), Math.log(4 / 3)];
const TRIES = 10;

/**
 * The crop for training, as torchvision's RandomResizedCrop: a part of at least `scale` of the area, with an
 * aspect ratio of 3/4 to 4/3, resized to imageSize×imageSize; if ten attempts don't fit, the largest
 * centred part of an allowed ratio.
 *
 * @param random number `what` in [0, 1), for `what` from 0 to 39
 * @param scale least area of the part as a share of the image's, up to 1
 */
export function trainingCut(
  width: number,
  height: number,
  imageSize: number,
  random: (what: number) => number,
  scale = DEFAULT_CROP_SCALE,
): Cut {
  const between = ([low, high]: readonly [number, number], share: number): number =>
    low + (high - low) * share;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const area = width * height * between([scale, 1], random(4 * attempt));
    const ratio = Math.exp(between(LOG_RATIO, random(4 * attempt + 1)));
    const w = roundHalfEven(Math.sqrt(area * ratio));
    const h = roundHalfEven(Math.sqrt(area / ratio));
    if (w <= 0 || w > width || h <= 0 || h > height) continue;
    const top = Math.floor(random(4 * attempt + 2) * (height - h + 1));
    const left = Math.floor(random(4 * attempt + 3) * (width - w + 1));
    return wholeCut({ start: left, length: w }, { start: top, length: h }, imageSize);
  }
  const [least, most] = [3 / 4, 4 / 3];
  const w = Math.min(width, Math.max(1, roundHalfEven(height * most)));
  const h = Math.min(height, Math.max(1, roundHalfEven(width / least)));
  const middle = (length: number, part: number): Span => ({
    start: Math.floor((length - part) / 2),
    length: part,
  });
  return wholeCut(middle(width, w), middle(height, h), imageSize);
}

function wholeCut(columns: Span, rows: Span, size: number): Cut {
  const wanted = { start: 0, length: size };
  return { columns: { input: columns, size, wanted }, rows: { input: rows, size, wanted } };
}

/** Rounds to the nearest integer, halves to the even one, as Python does. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}
