import type { Pair } from '../../../graph/op.js';
import type { Shape } from '../../../graph/tensorType.js';
import type { StorageType } from '../device.js';
import { type Along, addTerms, beginSums, channelIndex, endSums, sharedFloats } from './along.js';
import { Emitter, type Operand } from './emitter.js';
import { buffersOf, type Expression, fromStored } from './expression.js';
import { Index } from './index.js';
import { namePlaces } from './joins.js';
import { type KernelBody, mostLanes, nest, THREADS, unitsBody, withFewerLanes } from './pointwise.js';
import { type Division, spread } from './spread.js';
import { axesByStride, type Stored } from './stored.js';

/** Columns of the result that a thread computes: it reads a column of the image once for all of them. */
const COLUMNS = 4;

/** Each row is a group of columns here, with many reads. */
const HEAVY: Division = { blocks: 6, rows: 1 };

/** A convolution with a filter for each channel. */
export interface DepthwiseSpec {
  /** [N,C,H,W], computed where it is read. */
  readonly image: Expression;
  /** [kh,kw,C] */
  readonly filter: Stored;
  /** f32 [C], added to each pixel. */
  readonly bias?: Stored | undefined;
  /** [N,C,H',W'] */
  readonly result: Stored;
  readonly stride: Pair;
  readonly padding: Pair;
  readonly dilation: Pair;
  /** Whether the filter is read backwards, as for the gradient toward the image. */
  readonly isFlipped: boolean;
  /** Whether the border is read in place of zeros around the image: no read then waits for a condition. */
  readonly isFused: boolean;
}

/** Code of a depthwise convolution, each of whose threads computes some columns. */
export function depthwise(spec: DepthwiseSpec, processors: number): KernelBody {
  return withFewerLanes(lanesOf(spec, processors), (lanes) => generate(spec, lanes));
}

function generate(spec: DepthwiseSpec, lanes: number): KernelBody {
  const { result } = spec;
  const shape = groupsOf(result.shape);
  const at = new Emitter(lanes);
  const axes = axesByStride(result).filter((axis) => shape[axis]! > 1);
  const hasLanes = axes.at(-1) === 1;
  const { index, units, define } = nest(shape, axes, hasLanes ? lanes : 1, 'i');
  define(at);
  computeColumns(at, spec, index);
  return unitsBody(at, {
    reads: buffersOf(operandsOf(spec)),
    writes: [result.buffer],
    units,
    isFlat: false,
  });
}

/**
 * The same with sums over the results: threads go through groups of columns of their channels.
 *
 * @throws NotHeld where the sums read results of other threads
 */
export function depthwiseWithSums(spec: DepthwiseSpec, processors: number, beside: Along): KernelBody {
  return withFewerLanes(lanesOf(spec, processors), (lanes) =>
    generateWithSums(spec, lanes, processors, beside),
  );
}

function generateWithSums(spec: DepthwiseSpec, lanes: number, processors: number, beside: Along): KernelBody {
  const { reduction } = beside;
  const shape = groupsOf(spec.result.shape);
  const plan = spread({ ...reduction, shape, reads: [] }, lanes, processors, HEAVY);
  const { along, tiles, chunks, reducedUnits } = plan;
  const at = new Emitter(plan.lanes);
  at.line(`__shared__ float shared[${sharedFloats(reduction, plan.lanes, plan)}];`);
  namePlaces(at, plan);
  const channel = channelIndex(at, spec.result.shape);
  beginSums(at, reduction);
  at.block(`for (int r = chunk * ${along} + ty; live && r < ${reducedUnits}; r += ${along * chunks})`, () => {
    const inner = nest(shape, plan.reduced, 1, 'r');
    inner.define(at);
    const index = inner.index.map((each, axis) => (axis === 1 ? channel : each));
    computeColumns(at, spec, index, (place, value) =>
      addTerms(at, reduction, { stored: spec.result, index: place, value, keep: 'true' }),
    );
  });
  const others = endSums(at, beside, { ...plan, channel });
  const reads = [...operandsOf(spec), ...reduction.reads];
  return {
    text: at.text,
    buffers: at.buffers,
    reads: buffersOf(reads).filter((buffer) => buffer !== spec.result.buffer),
    writes: [spec.result.buffer, ...others],
    blocks: tiles * chunks,
    threads: THREADS,
    residents: 2,
  };
}

/** Code that turns a filter [C,1,kh,kw] to [kh,kw,C]. It is the same for any number of channels, so that one launch does several. */
export function turnedFilter(filter: Stored, turned: Stored): KernelBody {
  const [height, width, channels] = turned.shape as readonly [number, number, number];
  const places = height * width;
  const at = new Emitter(1);
  const [from, to] = [at.pointer(filter.buffer, 'f32'), at.pointer(turned.buffer, 'f32')];
  at.line(`const int channels = UNITS / ${places}, place = i / channels, channel = i - place * channels;`);
  at.line(`${to}[i] = ${from}[channel * ${places} + place];`);
  const units = places * channels;
  return unitsBody(at, { reads: [filter.buffer], writes: [turned.buffer], units, isFlat: true });
}

/** Shape of a result in groups of columns. */
function groupsOf([images, channels, height, width]: Shape): Shape {
  return [images!, channels!, height!, Math.ceil(width! / COLUMNS)];
}

function lanesOf({ image, result }: DepthwiseSpec, processors: number): number {
  const types: StorageType[] = [result.type, ...image.reads.map(({ type }) => type)];
  return mostLanes(result.shape[1]!, types, Number.POSITIVE_INFINITY, processors);
}

function operandsOf({ image, filter, bias }: DepthwiseSpec): Expression[] {
  return [image, fromStored(filter), ...(bias ? [fromStored(bias)] : [])];
}

/**
 * Computes and writes a group of columns.
 *
 * @param each is given the index and value of each, as it is stored
 */
function computeColumns(
  at: Emitter,
  spec: DepthwiseSpec,
  index: readonly Index[],
  each?: (index: readonly Index[], value: Operand) => void,
): void {
  const { bias, result } = spec;
  const [n, c, h, group] = index as readonly [Index, Index, Index, Index];
  const initial = bias ? at.read(bias, [c]).text : '0.0f';
  const sums = Array.from({ length: COLUMNS }, () => at.changing(initial));
  addRows(at, spec, [n, c, h, group], sums);
  sums.forEach((sum, column) => {
    const w = group.times(COLUMNS).plus(column);
    at.block(`if (${w.text('first')} < ${result.shape[3]!})`, () => {
      const isRounded = each && result.type === 'bf16';
      const value = isRounded ? at.apply([sum], (x) => `roundedToBf16(${x})`) : sum;
      at.write(result, [n, c, h, w], value);
      each?.([n, c, h, w], value);
    });
  });
}

/** Adds the products of every row of the filter to the sums of all columns. */
function addRows(
  at: Emitter,
  spec: DepthwiseSpec,
  [n, c, h, group]: readonly [Index, Index, Index, Index],
  sums: readonly Operand[],
): void {
  const { image, filter, stride, padding, dilation, isFlipped, isFused } = spec;
  const [rows, columns] = filter.shape as readonly [number, number, number];
  const places = columnsOf(at, spec, group);
  const where = (condition: string, body: () => void): void => {
    if (isFused) body();
    else at.block(`if (${condition})`, body);
  };
  for (let kh = 0; kh < rows; kh++) {
    const first = `(${h.text('first')}) * ${stride[0]} + ${kh * dilation[0] - padding[0]}`;
    const row = inside(at, first, image.shape[2]!);
    where(row.within, () => {
      const place = (kw: number): Index[] =>
        [isFlipped ? rows - 1 - kh : kh, isFlipped ? columns - 1 - kw : kw].map((i) => Index.constant(i));
      const weights = Array.from({ length: columns }, (_, kw) => at.read(filter, [...place(kw), c]).text);
      for (const { column, uses } of places)
        where(column.within, () => {
          const read = image.load(at, [n, c, row.index, column.index]);
          const selected = (x?: string): string => `(${row.within} && ${column.within} ? ${x} : 0.0f)`;
          const { text } = isFused ? at.apply([read], selected) : read;
          for (const { sum, kw } of uses)
            at.line(`LANES(${at.lanes}) ${sums[sum]!.text} += ${text} * ${weights[kw]!};`);
        });
    });
  }
}

/** A place along an axis, or the border's where it is outside, and whether it is within. */
interface Place {
  readonly index: Index;
  readonly within: string;
}

function inside(at: Emitter, text: string, size: number): Place {
  const [wanted, place, within] = [at.name('s'), at.name('s'), at.name('s')];
  at.line(`const int ${wanted} = ${text}, ${place} = min(max(${wanted}, 0), ${size - 1});`);
  at.line(`const bool ${within} = ${wanted} == ${place};`);
  return { index: Index.counter(place, size), within };
}

/** The columns of the image that a thread's columns need, each with the sums and columns of the filter that it is for. */
function columnsOf(at: Emitter, { image, filter, stride, padding, dilation }: DepthwiseSpec, group: Index) {
  const columns = filter.shape[1]!;
  const last = (COLUMNS - 1) * stride[1] + (columns - 1) * dilation[1];
  return Array.from({ length: last + 1 }, (_, offset) => {
    const uses = Array.from({ length: COLUMNS }, (_, sum) => ({
      sum,
      kw: (offset - sum * stride[1]) / dilation[1],
    })).filter(({ kw }) => Number.isInteger(kw) && kw >= 0 && kw < columns);
    return { offset, uses };
  })
    .filter(({ uses }) => uses.length > 0)
    .map(({ offset, uses }) => {
      const first = `(${group.text('first')}) * ${COLUMNS * stride[1]} + ${offset - padding[1]}`;
      return { uses, column: inside(at, first, image.shape[3]!) };
    });
}
