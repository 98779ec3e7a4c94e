import type { RgbImage } from '../images/image.js';
import { applyOperation, OPERATIONS, type OperationName } from './operations.js';

/** An automatic augmentation by torchvision's names: RandAugment, or TrivialAugment with its wide ranges. */
export type AutoAugment =
  | {
      readonly kind: 'ra';
      /** Operations of an image, one after the other. torchvision's default is 2; at most {@link MOST_OPERATIONS}. */
      readonly operations: number;
      /** Strength of each, from 0 to 30. torchvision's default is 9. */
      readonly magnitude: number;
    }
  | { readonly kind: 'ta_wide' };

/** Steps of each operation's range: its magnitudes are numbered from 0 to 30. */
export const MAGNITUDES = 31;
const LAST = MAGNITUDES - 1;

/** Operations of an image at most. */
export const MOST_OPERATIONS = 16;

/** An operation's magnitudes: from the least strong to the strongest, and whether half of them are negated. */
interface Range {
  readonly from: number;
  readonly to: number;
  readonly isSigned: boolean;
  readonly isWhole?: boolean;
}

const signed = (to: number): Range => ({ from: 0, to, isSigned: true });
const NONE: Range = { from: 0, to: 0, isSigned: false };
const SOLARIZE: Range = { from: 255, to: 0, isSigned: false };
const bits = (to: number): Range => ({ from: 8, to, isSigned: false, isWhole: true });

/** The share of an image's size by which RandAugment moves it at most. */
const MOST_MOVED = 150 / 331;

function randRange(name: OperationName, { width, height }: Size): Range {
  switch (name) {
    case 'ShearX':
    case 'ShearY':
      return signed(0.3);
    case 'TranslateX':
      return signed(MOST_MOVED * width);
    case 'TranslateY':
      return signed(MOST_MOVED * height);
    case 'Rotate':
      return signed(30);
    case 'Posterize':
      return bits(4);
    default:
      return commonRange(name, 0.9);
  }
}

function wideRange(name: OperationName): Range {
  switch (name) {
    case 'ShearX':
    case 'ShearY':
      return signed(0.99);
    case 'TranslateX':
    case 'TranslateY':
      return signed(32);
    case 'Rotate':
      return signed(135);
    case 'Posterize':
      return bits(2);
    default:
      return commonRange(name, 0.99);
  }
}

function commonRange(name: OperationName, factor: number): Range {
  if (name === 'Solarize') return SOLARIZE;
  const isFactor = name === 'Brightness' || name === 'Color' || name === 'Contrast' || name === 'Sharpness';
  return isFactor ? signed(factor) : NONE;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** A magnitude of an operation, as `applyOperation` takes it, and whether it may be negated. */
export interface Magnitude {
  readonly value: number;
  readonly isSigned: boolean;
}

/**
 * An operation's magnitude by its number.
 *
 * @param step from 0 to 30
 * @param size of the image, in pixels, on which RandAugment's translations depend
 */
export function magnitudeOf(
  kind: AutoAugment['kind'],
  name: OperationName,
  step: number,
  size: Size,
): Magnitude {
  const { from, to, isSigned, isWhole } = kind === 'ra' ? randRange(name, size) : wideRange(name);
  // Steps of whole numbers are rounded on their way from the first: halves go to the even one there, which none of these are.
  const value = isWhole ? from - Math.round((step * (from - to)) / LAST) : linearStep(from, to, step);
  return { value, isSigned };
}

/**
 * A number of `torch.linspace(from, to, 31)`, as torch computes it on processors with AVX2 or AVX512: counted from the nearer end, and
 * rounded to f32 once, since product and sum are one operation. So the middle of 0 to 32 is below 16, and moves an image by 15 pixels.
 */
function linearStep(from: number, to: number, step: number): number {
  const end = Math.fround(to);
  const width = Math.fround((end - from) / LAST);
  return Math.fround(step < MAGNITUDES >> 1 ? from + width * step : end - width * (LAST - step));
}

/** Random numbers of each operation. */
export const DRAWS_PER_OPERATION = 3;

/**
 * Applies an automatic augmentation to an image, in place.
 *
 * @param random number `what` in [0, 1): three for each operation
 * @param old room for a copy of the image's data
 */
export function autoAugment(
  image: RgbImage,
  how: AutoAugment,
  random: (what: number) => number,
  old: Uint8Array,
): void {
  const count = how.kind === 'ra' ? how.operations : 1;
  for (let k = 0; k < count; k++) {
    const draw = (what: number): number => random(DRAWS_PER_OPERATION * k + what);
    const name = OPERATIONS[Math.floor(draw(0) * OPERATIONS.length)]!;
    const step = how.kind === 'ra' ? how.magnitude : Math.floor(draw(1) * MAGNITUDES);
    const { value, isSigned } = magnitudeOf(how.kind, name, step, image);
    applyOperation(name, image, isSigned && draw(2) < 0.5 ? -value : value, old);
  }
}
