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
 * @param wanted the part of the output that is made
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
    const centre = (wanted.start + i + 0.5) * scale;
    const first = Math.max(Math.trunc(centre - support + 0.5), 0);
    const count = Math.min(Math.trunc(centre + support + 0.5), input.length) - first;
    let sum = 0;
    for (let k = 0; k < count; k++) {
      row[k] = filter.weight((k + first - centre + 0.5) * (1 / unit));
      sum += row[k]!;
    }
    starts[i] = input.start + first;
    counts[i] = count;
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
  image: { readonly data: Uint8Array; readonly width: number },
  rows: Span,
  axis: AxisWeights,
): void {
  const most = axis.counts.reduce((a, b) => Math.max(a, b));
  if (most <= 3 && image.width >= 3) resampleRowsOfThree(out, image, rows, axis);
  else resampleRowsOfMany(out, image, rows, axis);
}

function resampleRowsOfMany(
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

/** {@link resampleRows} for up to three weights, the usual case, without a loop; absent columns weigh 0. */
function resampleRowsOfThree(
  out: Uint8ClampedArray,
  { data, width }: { readonly data: Uint8Array; readonly width: number },
  rows: Span,
  axis: AxisWeights,
): void {
  const { firsts, weights } = threeWeights(axis, width);
  let o = 0;
  for (let y = rows.start; y < rows.start + rows.length; y++) {
    const row = y * width;
    for (let x = 0, w = 0; x < firsts.length; x++, w += 3, o += 3) {
      const i = (row + firsts[x]!) * 3;
      const w0 = weights[w]!;
      const w1 = weights[w + 1]!;
      const w2 = weights[w + 2]!;
      const red = Math.imul(data[i]!, w0) + Math.imul(data[i + 3]!, w1) + Math.imul(data[i + 6]!, w2);
      const green = Math.imul(data[i + 1]!, w0) + Math.imul(data[i + 4]!, w1) + Math.imul(data[i + 7]!, w2);
      const blue = Math.imul(data[i + 2]!, w0) + Math.imul(data[i + 5]!, w1) + Math.imul(data[i + 8]!, w2);
      out[o] = (HALF + red) >> PRECISION_BITS;
      out[o + 1] = (HALF + green) >> PRECISION_BITS;
      out[o + 2] = (HALF + blue) >> PRECISION_BITS;
    }
  }
}

/** Exactly three weights for each output, from a column on that has two more after it. */
function threeWeights(
  { starts, counts, weights, taps }: AxisWeights,
  width: number,
): { firsts: Int32Array; weights: Int32Array } {
  const firsts = starts.map((start) => Math.min(start, width - 3));
  const three = new Int32Array(3 * starts.length);
  for (let x = 0; x < starts.length; x++) {
    const from = x * taps;
    three.set(weights.subarray(from, from + counts[x]!), 3 * x + starts[x]! - firsts[x]!);
  }
  return { firsts, weights: three };
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
  for (let y = 0; y < starts.length; y++) {
    const from = (starts[y]! - firstRow) * rowLength;
    const row = out.subarray(y * rowLength, (y + 1) * rowLength);
    const rowWeights = weights.subarray(y * taps, y * taps + counts[y]!);
    if (rowWeights.length <= 4) sumOfFourRows(row, data, from, rowWeights);
    else sumOfRows(row, data, from, rowWeights);
  }
}

/** out[x] = Σ over k of weights[k] · data[from + k·out.length + x], rounded. */
function sumOfRows(out: Uint8ClampedArray, data: Uint8ClampedArray, from: number, weights: Int32Array): void {
  for (let x = 0; x < out.length; x++) {
    let sum = HALF;
    for (let k = 0, i = from + x; k < weights.length; k++, i += out.length)
      sum = (sum + Math.imul(data[i]!, weights[k]!)) | 0;
    out[x] = sum >> PRECISION_BITS;
  }
}

/** {@link sumOfRows} for up to four weights, the usual case: twice as fast without a loop; absent rows weigh 0. */
function sumOfFourRows(
  out: Uint8ClampedArray,
  data: Uint8ClampedArray,
  from: number,
  weights: Int32Array,
): void {
  const count = weights.length;
  const w0 = weights[0] ?? 0;
  const w1 = weights[1] ?? 0;
  const w2 = weights[2] ?? 0;
  const w3 = weights[3] ?? 0;
  const row1 = count > 1 ? out.length : 0;
  const row2 = count > 2 ? 2 * out.length : 0;
  const row3 = count > 3 ? 3 * out.length : 0;
  for (let x = 0, i = from; x < out.length; x++, i++) {
    const near = Math.imul(data[i]!, w0) + Math.imul(data[i + row1]!, w1);
    const far = Math.imul(data[i + row2]!, w2) + Math.imul(data[i + row3]!, w3);
    out[x] = (HALF + near + far) >> PRECISION_BITS;
  }
}
