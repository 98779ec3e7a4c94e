import type { RgbImage } from './image.js';
import { type AxisWeights, inputSpan, type Span } from './resample.js';
import type { ResampleKernel } from './resampleKernel.js';

/** Input that is copied into WebAssembly's memory at a time, in bytes, or one row if that is longer. */
const STRIPE = 2 ** 20;

/** The kernel reads and writes whole vectors. */
const VECTOR = 16;

/** Rows that the kernel makes at a time. */
const ROWS = 4;

/** Weights are split into an upper part and so many bits. */
const LOW_BITS = 11;
const LOW = (1 << LOW_BITS) - 1;

/** Where arrays lie in the kernel's memory. */
interface Layout {
  readonly stripe: number;
  readonly rows: number;
  readonly out: number;
  readonly across: number;
  readonly down: number;
  readonly end: number;
}

/** An axis in the kernel's memory. */
interface AxisAddresses {
  readonly starts: number;
  readonly counts: number;
  readonly weights: number;
  readonly pairs: number;
}

/**
 * Resamples an image along both axes: rows first, then columns, rounded to bytes between.
 *
 * @param out [rows, columns, 3]
 */
export function resampleInVectors(
  kernel: ResampleKernel,
  out: Uint8Array,
  { data, width }: RgbImage,
  across: AxisWeights,
  down: AxisWeights,
): void {
  const needed = inputSpan(down);
  const columns = across.starts.length;
  const stride = 3 * width;
  const stripeRows = wholeRows(Math.min(needed.length, Math.floor(STRIPE / stride)));
  const layout = layOut(stripeRows * stride, needed, out, across, down);
  const rowStride = rowBytes(across);
  const memory = new Uint8Array(kernel.memory(layout.end));
  const horizontal = writeWeights(memory, layout.across, across, 0);
  const vertical = writeWeights(memory, layout.down, down, needed.start);
  for (let row = 0; row < needed.length; row += stripeRows) {
    const count = Math.min(stripeRows, needed.length - row);
    const from = (needed.start + row) * stride;
    memory.set(data.subarray(from, from + count * stride), layout.stripe);
    const rows = layout.rows + row * rowStride;
    const { starts, weights, pairs } = horizontal;
    kernel.resampleRows(rows, rowStride, layout.stripe, count, stride, columns, starts, weights, pairs);
  }
  const { starts, counts, weights, pairs } = vertical;
  const outputs = down.starts.length;
  const length = 3 * columns;
  kernel.resampleColumns(layout.out, layout.rows, rowStride, length, outputs, starts, counts, weights, pairs);
  out.set(memory.subarray(layout.out, layout.out + out.length));
}

function layOut(
  stripeBytes: number,
  needed: Span,
  out: Uint8Array,
  across: AxisWeights,
  down: AxisWeights,
): Layout {
  let end = 0;
  const take = (bytes: number): number => {
    const start = end;
    end = Math.ceil((end + bytes + VECTOR) / VECTOR) * VECTOR;
    return start;
  };
  return {
    // Pairs may go beyond the last pixel, and beyond the last row, where weights are 0.
    stripe: take(stripeBytes + 6 * pairsOf(across.taps)),
    rows: take((wholeRows(needed.length) + 1) * rowBytes(across)),
    out: take(out.length),
    across: take(bytesOf(across)),
    down: take(bytesOf(down)),
    end,
  };
}

/** A number of rows, at least one, filled up to what the kernel makes at a time. */
const wholeRows = (rows: number): number => Math.ceil(Math.max(1, rows) / ROWS) * ROWS;

/** Bytes from a resampled row to the next: a pixel is written with a byte after it. */
const rowBytes = ({ starts }: AxisWeights): number => Math.ceil((3 * starts.length + 1) / VECTOR) * VECTOR;

/** Pairs of weights of an output that has so many, an even number. */
const pairsOf = (taps: number): number => 2 * Math.ceil(taps / 4);

const bytesOf = (axis: AxisWeights): number => axis.starts.length * (8 + 8 * pairsOf(axis.taps));

/** Writes an axis to an address, weights in pairs; its starts are counted from `first` on. */
function writeWeights(
  memory: Uint8Array<ArrayBuffer>,
  address: number,
  { starts, counts, weights, taps }: AxisWeights,
  first: number,
): AxisAddresses {
  const outputs = starts.length;
  const pairs = pairsOf(counts.reduce((a, b) => Math.max(a, b), 0));
  const numbers = new Int32Array(memory.buffer, address, outputs * (2 + 2 * pairs));
  for (let i = 0, to = 2 * outputs; i < outputs; i++) {
    const count = counts[i]!;
    numbers[i] = starts[i]! - first;
    numbers[outputs + i] = (count + 1) >> 1;
    for (let k = 0; k < 2 * pairs; k += 2, to += 2) {
      const one = k < count ? weights[i * taps + k]! : 0;
      const other = k + 1 < count ? weights[i * taps + k + 1]! : 0;
      numbers[to] = (one & LOW) | ((other & LOW) << 16);
      numbers[to + 1] = ((one >> LOW_BITS) & 0xffff) | ((other >> LOW_BITS) << 16);
    }
  }
  return { starts: address, counts: address + 4 * outputs, weights: address + 8 * outputs, pairs };
}
