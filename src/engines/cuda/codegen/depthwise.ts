import type { Pair } from '../../../graph/op.js';
import { Emitter, type Operand } from './emitter.js';
import { Index } from './index.js';
import { type KernelBody, mostLanes, nest, THREADS, unitText } from './pointwise.js';
import { axesByStride, type Stored } from './stored.js';

/** Columns of the result that a thread computes: it reads a column of the image once for all of them. */
const COLUMNS = 4;

/** A convolution with a filter for each channel. */
export interface DepthwiseSpec {
  /** [N,C,H,W] */
  readonly image: Stored;
  /** [kh,kw,C] */
  readonly filter: Stored;
  /** [N,C,H',W'] */
  readonly result: Stored;
  readonly stride: Pair;
  readonly padding: Pair;
  readonly dilation: Pair;
  /** Whether the filter is read backwards, as for the gradient toward the image. */
  readonly isFlipped: boolean;
}

/** Code of a depthwise convolution. */
export function depthwise(spec: DepthwiseSpec, processors: number): KernelBody {
  const { image, filter, result } = spec;
  const [images, channels, height, width] = result.shape as readonly [number, number, number, number];
  const shape = [images, channels, height, Math.ceil(width / COLUMNS)];
  const lanes = mostLanes(channels, [image.type, result.type], Number.POSITIVE_INFINITY, processors);
  const at = new Emitter(lanes);
  const axes = axesByStride(result).filter((axis) => shape[axis]! > 1);
  const hasLanes = axes.at(-1) === 1;
  const { index, units, define } = nest(shape, axes, hasLanes ? lanes : 1, 'i');
  define(at);
  const [n, c, h, group] = index as readonly [Index, Index, Index, Index];
  const sums = Array.from({ length: COLUMNS }, () => at.changing('0.0f'));
  addRows(at, spec, [n, c, h, group], sums);
  sums.forEach((sum, column) => {
    const w = group.times(COLUMNS).plus(column);
    at.block(`if (${w.text('first')} < ${width})`, () => at.write(result, [n, c, h, w], sum));
  });
  return {
    text: unitText(at.text),
    buffers: at.buffers,
    reads: [image.buffer, filter.buffer],
    writes: [result.buffer],
    blocks: Math.ceil(units / THREADS),
    threads: THREADS,
    units,
  };
}

/** Adds the products of every row of the filter to the sums of all columns. */
function addRows(
  at: Emitter,
  spec: DepthwiseSpec,
  [n, c, h, group]: readonly [Index, Index, Index, Index],
  sums: readonly Operand[],
): void {
  const { image, filter, stride, padding, dilation, isFlipped } = spec;
  const [rows, columns] = filter.shape as readonly [number, number, number];
  for (let kh = 0; kh < rows; kh++) {
    const row = at.name('h');
    at.line(`const int ${row} = (${h.text('first')}) * ${stride[0]} + ${kh * dilation[0] - padding[0]};`);
    at.block(`if (${row} >= 0 && ${row} < ${image.shape[2]})`, () => {
      const place = (kw: number): Index[] =>
        [isFlipped ? rows - 1 - kh : kh, isFlipped ? columns - 1 - kw : kw].map((i) => Index.constant(i));
      const weights = Array.from({ length: columns }, (_, kw) => at.read(filter, [...place(kw), c]).text);
      const last = (COLUMNS - 1) * stride[1] + (columns - 1) * dilation[1];
      for (let offset = 0; offset <= last; offset++) {
        const uses = sums.flatMap((sum, column) => {
          const kw = (offset - column * stride[1]) / dilation[1];
          return Number.isInteger(kw) && kw >= 0 && kw < columns ? [{ sum, weight: weights[kw]! }] : [];
        });
        if (uses.length === 0) continue;
        const column = at.name('w');
        at.line(
          `const int ${column} = (${group.text('first')}) * ${COLUMNS * stride[1]} + ${offset - padding[1]};`,
        );
        at.block(`if (${column} >= 0 && ${column} < ${image.shape[3]})`, () => {
          const [y, x] = [Index.counter(row, image.shape[2]!), Index.counter(column, image.shape[3]!)];
          const value = at.read(image, [n, c, y, x]).text;
          for (const { sum, weight } of uses)
            at.line(`LANES(${at.lanes}) ${sum.text} += ${value} * ${weight};`);
        });
      }
    });
  }
}
