import type { RgbImage } from './image.js';
import { type AxisWeights, inputSpan, type Span } from './resample.js';
import type { ResampleKernel } from './resampleKernel.js';

/** Input that is copied into WebAssembly's memory at a time, in bytes, or one row if that is longer. */
const STRIPE = 2 ** 20;

/** The kernel reads and writes whole vectors. */
const VECTOR = 16;

/** Where arrays lie in the kernel's memory. */
interface Layout {
  readonly stripe: number;
  readonly rows: number;
  readonly out: number;
  readonly across: number;
  readonly down: number;
  readonly end: number;
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
  const stripeRows = Math.min(needed.length, Math.max(1, Math.floor(STRIPE / stride)));
  const layout = layOut(stripeRows * stride, needed, out, across, down);
  const memory = new Uint8Array(kernel.memory(layout.end));
  const acrossAddresses = writeWeights(memory, layout.across, across, 0);
  const downAddresses = writeWeights(memory, layout.down, down, needed.start);
  for (let row = 0; row < needed.length; row += stripeRows) {
    const count = Math.min(stripeRows, needed.length - row);
    const from = (needed.start + row) * stride;
    memory.set(data.subarray(from, from + count * stride), layout.stripe);
    const rows = layout.rows + row * 3 * columns;
    kernel.resampleRows(rows, layout.stripe, count, stride, columns, ...acrossAddresses);
  }
  kernel.resampleColumns(layout.out, layout.rows, 3 * columns, down.starts.length, ...downAddresses);
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
    stripe: take(stripeBytes),
    rows: take(needed.length * 3 * across.starts.length),
    out: take(out.length),
    across: take(bytesOf(across)),
    down: take(bytesOf(down)),
    end,
  };
}

const bytesOf = ({ starts, counts, weights }: AxisWeights): number =>
  4 * (starts.length + counts.length + weights.length);

/** Writes an axis to an address; its starts are counted from `first` on. */
function writeWeights(
  memory: Uint8Array<ArrayBuffer>,
  address: number,
  { starts, counts, weights, taps }: AxisWeights,
  first: number,
): readonly [starts: number, counts: number, weights: number, taps: number] {
  const numbers = new Int32Array(memory.buffer, address, starts.length + counts.length + weights.length);
  for (let i = 0; i < starts.length; i++) numbers[i] = starts[i]! - first;
  numbers.set(counts, starts.length);
  numbers.set(weights, starts.length + counts.length);
  const countsAt = address + 4 * starts.length;
  return [address, countsAt, countsAt + 4 * counts.length, taps];
}
