import { applyTable } from '../augment/tables.js';
import { luma } from '../channels.js';
import { adjustHue } from './hue.js';

/** Strength of the colour jitter. */
export interface ColourJitter {
  /** Brightness, contrast and saturation: each by a factor from [1 − strength, 1 + strength]. */
  readonly strength: number;
  /** Hue: rotated by a fraction of the colour circle from [−hue, hue]; at most 0.5. */
  readonly hue: number;
}

const CHANGES = 4;

/** The k-th order of 0 … 3, of 24. */
function orderOf(k: number): number[] {
  const left = Array.from({ length: CHANGES }, (_, i) => i);
  const order: number[] = [];
  for (let rest = k; left.length > 0; ) {
    const [next] = left.splice(rest % left.length, 1);
    rest = Math.floor(rest / (left.length + 1));
    order.push(next!);
  }
  return order;
}

/**
 * Changes brightness, contrast, saturation and hue in place, in random order (torchvision's ColorJitter): blends
 * with black, with the mean grey, and with the image's own grey, and a rotation of the hue.
 *
 * @param rgb [pixels, 3]
 * @param random number `what` in [0, 1), for `what` from 0 to 4
 */
export function jitterColours(
  rgb: Uint8Array,
  { strength, hue }: ColourJitter,
  random: (what: number) => number,
): void {
  const factor = (what: number): number => Math.max(0, 1 + strength * (2 * random(what) - 1));
  const changes = [
    ...(strength > 0 ? [adjustBrightness, adjustContrast, adjustSaturation] : []).map(
      (change, what) => () => change(rgb, factor(what)),
    ),
    ...(hue > 0 ? [() => adjustHue(rgb, hue * (2 * random(3) - 1))] : []),
  ];
  for (const change of orderOf(Math.floor(random(4) * 24))) changes[change]?.();
}

/** other·(1 − f) + value·f in 32-bit floats, truncated to a byte, as Pillow does. */
export function blend(other: number, value: number, f: number): number {
  return Math.min(
    Math.max(Math.trunc(Math.fround(other + Math.fround(Math.fround(f) * (value - other)))), 0),
    255,
  );
}

/** Blends with black: f = 0 gives black, 1 the image. In place; rgb is [pixels, 3]. */
export function adjustBrightness(rgb: Uint8Array, f: number): void {
  blendWith(rgb, 0, f);
}

/** Blends with the mean grey: f = 0 gives that, 1 the image. In place; rgb is [pixels, 3]. */
export function adjustContrast(rgb: Uint8Array, f: number): void {
  let sum = 0;
  for (let i = 0; i < rgb.length; i += 3) sum += luma(rgb[i]!, rgb[i + 1]!, rgb[i + 2]!);
  const grey = Math.trunc(sum / (rgb.length / 3) + 0.5);
  blendWith(rgb, grey, f);
}

/** Blends all bytes with the same one. */
function blendWith(rgb: Uint8Array, other: number, f: number): void {
  applyTable(
    rgb,
    Uint8Array.from({ length: 256 }, (_, value) => blend(other, value, f)),
  );
}

/** Blends with the image in grey: f = 0 gives that, 1 the image. In place; rgb is [pixels, 3]. */
export function adjustSaturation(rgb: Uint8Array, f: number): void {
  for (let i = 0; i < rgb.length; i += 3) {
    const grey = luma(rgb[i]!, rgb[i + 1]!, rgb[i + 2]!);
    for (let c = i; c < i + 3; c++) rgb[c] = blend(grey, rgb[c]!, f);
  }
}
