import type { Interpolation } from '../preprocessing.js';

/** Pillow's fixed-point precision: 8 bits are the pixel's and 2 spare. */
const PRECISION_BITS = 32 - 8 - 2;

/** One half, which rounds. */
const HALF = 1 << (PRECISION_BITS - 1);

/** A part of an axis: `length` pixels from `start` on. */
export interface Span {
  readonly start: number;
  readonly length: number;
}

/** Weights of a resampling along one axis: output i is the sum over k of weights[i·taps + k] · input[starts[i] + k]. */
export interface AxisWeights {
  readonly starts: Int32Array;
  /** How many inputs each output has. */
  readonly counts: Int32Array;
  /** Fixed-point, with {@link PRECISION_BITS} bits after the point; `taps` for each output. */
  readonly weights: Int32Array;
  readonly taps: number;
}

/** A filter: its weight at a distance from the centre, which is 0 from `support` on. */
interface Filter {
  readonly support: number;
  readonly weight: (distance: number) => number;
}

/** Pillow's filters, in pixels of the input or of the output, whichever are larger. */
const FILTERS: Readonly<Record<Interpolation, Filter>> = {
  bilinear: { support: 1, weight: (x) => Math.max(1 - Math.abs(x), 0) },
  bicubic: { support: 2, weight: (x) => keysCubic(Math.abs(x)) },
};

/** Keys' cubic convolution with a = −0.5, at x ≥ 0. */
function keysCubic(x: number): number {
  const a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/**
 * Weights of Pillow's antialiased resize (Resample.c, `precompute_coeffs` and `normalize_coeffs_8bpc`).
 *
 * @param input the part of the input that becomes the output
 * @param size pixels of the whole output
 * @param wanted the part of the output that is made; what lies beyond the output is black
 */
export function axisWeights(
  input: Span,
  size: number,
  wanted: Span,
  interpolation: Interpolation,
): AxisWeights {
  const filter = FILTERS[interpolation];
  const scale = input.length / size;
  const unit = Math.max(scale, 1);
  const support = filter.support * unit;
  const taps = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(wanted.length);
  const counts = new Int32Array(wanted.length);
  const weights = new Int32Array(wanted.length * taps);
  const row = new Float64Array(taps);
  for (let i = 0; i < wanted.length; i++) {
    const place = wanted.start + i;
    const inside = Math.min(Math.max(place, 0), size - 1);
    const centre = (inside + 0.5) * scale;
    const first = Math.max(Math.trunc(centre - support + 0.5), 0);
    const count = Math.min(Math.trunc(centre + support + 0.5), input.length) - first;
    let sum = 0;
    for (let k = 0; k < count; k++) {
      row[k] = filter.weight((k + first - centre + 0.5) * (1 / unit));
      sum += row[k]!;
    }
    starts[i] = input.start + first;
    counts[i] = count;
    // Beyond the output weights stay 0, and starts and counts those of its edge.
    if (place !== inside) continue;
    for (let k = 0; k < count; k++) weights[i * taps + k] = fixedPoint(row[k]! / sum);
  }
  return { starts, counts, weights, taps };
}

/** Rounds as Pillow does: away from 0 at one half. */
function fixedPoint(weight: number): number {
  return Math.trunc((weight < 0 ? -0.5 : 0.5) + weight * 2 ** PRECISION_BITS);
}

/** Input rows or columns that the outputs need. */
export function inputSpan({ starts, counts }: AxisWeights): Span {
  const start = starts[0]!;
  const last = starts.length - 1;
  return { start, length: starts[last]! + counts[last]! - start };
}

/**
 * Resamples rows: `out` [rows.length, columns, 3] from `data` [·, width, 3].
 *
 * @param rows which rows of the input
 */
export function resampleRows(
  out: Uint8ClampedArray,
  { data, width }: { readonly data: Uint8Array; readonly width: number },
  rows: Span,
  { starts, counts, weights, taps }: AxisWeights,
): void {
  const columns = starts.length;
  let o = 0;
  for (let y = rows.start; y < rows.start + rows.length; y++) {
    for (let x = 0; x < columns; x++) {
      const count = counts[x]!;
      const w = x * taps;
      let i = (y * width + starts[x]!) * 3;
      let red = HALF;
      let green = red;
      let blue = red;
      for (let k = 0; k < count; k++) {
        const weight = weights[w + k]!;
        red = (red + Math.imul(data[i]!, weight)) | 0;
        green = (green + Math.imul(data[i + 1]!, weight)) | 0;
        blue = (blue + Math.imul(data[i + 2]!, weight)) | 0;
        i += 3;
      }
      out[o] = red >> PRECISION_BITS;
      out[o + 1] = green >> PRECISION_BITS;
      out[o + 2] = blue >> PRECISION_BITS;
      o += 3;
    }
  }
}

/**
 * Resamples columns: `out` [outputs, rowLength] from `data` [·, rowLength].
 *
 * @param firstRow the row of the image that `data` begins with
 */
export function resampleColumns(
  out: Uint8ClampedArray,
  { data, rowLength }: { readonly data: Uint8ClampedArray; readonly rowLength: number },
  firstRow: number,
  { starts, counts, weights, taps }: AxisWeights,
): void {
  for (let y = 0, o = 0; y < starts.length; y++) {
    const from = (starts[y]! - firstRow) * rowLength;
    for (let x = 0; x < rowLength; x++, o++) {
      let sum = HALF;
      for (let k = 0, i = from + x; k < counts[y]!; k++, i += rowLength)
        sum = (sum + Math.imul(data[i]!, weights[y * taps + k]!)) | 0;
      out[o] = sum >> PRECISION_BITS;
    }
  }
}
