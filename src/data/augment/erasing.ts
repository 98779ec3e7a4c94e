import { roundHalfEven } from '../images/geometry.js';

/** A rectangle of pixels. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** Area of what is erased as a share of the image's, and its height to its width: torchvision's defaults. */
const AREA: readonly [number, number] = [0.02, 0.33];
const LOG_RATIO: readonly [number, number] = [Math.log(0.3), Math.log(3.3)];
const TRIES = 10;

/**
 * The part that torchvision's RandomErasing erases of a square image; undefined if ten attempts do not fit.
 *
 * @param random number `what` in [0, 1), for `what` from 0 to 39
 */
export function erasedBox(size: number, random: (what: number) => number): Box | undefined {
  const between = ([low, high]: readonly [number, number], share: number): number =>
    low + (high - low) * share;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const draw = (what: number): number => random(4 * attempt + what);
    const area = size * size * between(AREA, draw(0));
    const ratio = Math.exp(between(LOG_RATIO, draw(1)));
    const height = roundHalfEven(Math.sqrt(area * ratio));
    const width = roundHalfEven(Math.sqrt(area / ratio));
    if (height >= size || width >= size) continue;
    const top = Math.floor(draw(2) * (size - height + 1));
    const left = Math.floor(draw(3) * (size - width + 1));
    return { top, left, height, width };
  }
  return undefined;
}

/** Fills a part of an image [C, size, size] with zeros: after normalisation, the mean colour. */
export function erase(image: Float32Array, size: number, { top, left, height, width }: Box): void {
  for (let row = 0; row < image.length / size; row++) {
    const y = row % size;
    if (y < top || y >= top + height) continue;
    image.fill(0, row * size + left, row * size + left + width);
  }
}
