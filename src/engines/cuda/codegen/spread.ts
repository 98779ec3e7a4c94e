import { sizeOf } from '../../../graph/tensorType.js';
import type { Reduction } from './accumulator.js';
import { THREADS } from './pointwise.js';
import { axesByStride, nativeStrides } from './stored.js';

/** How the work is spread. */
export interface Spread {
  readonly lanes: number;
  /** Whether lanes lie along a reduced axis. */
  readonly lanesReduced: boolean;
  readonly kept: readonly number[];
  readonly reduced: readonly number[];
  /** Units of kept elements, and of reduced ones. */
  readonly keptUnits: number;
  readonly reducedUnits: number;
  /** Threads of a block along both. */
  readonly across: number;
  readonly along: number;
  readonly tiles: number;
  readonly chunks: number;
}

/** The least power of two that is at least n. */
function powerOfTwo(n: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, n)));
}

/** How finely rows are divided. */
export interface Division {
  /** Blocks of a launch that fill a processor of the device. */
  readonly blocks: number;
  /** Rows that a thread adds up before it pays to divide them between blocks. */
  readonly rows: number;
}

/** Of terms that are read and added. */
const LIGHT: Division = { blocks: 3, rows: 4 };

/** Neighbouring threads along the kept axes: with 16 bytes each they read whole cache lines. */
const NEIGHBOURS = 8;

/** Results of other blocks that a thread of the last block adds up, at most. */
const MOST_PARTIALS = 8;

/** Numbers that a thread adds up at once. */
const MOST_REGISTERS = 40;

/** Spreads a reduction over blocks and threads, with at most `most` lanes. */
export function spread(
  { shape, axes, reads, accumulators }: Reduction,
  most: number,
  processors: number,
  division = LIGHT,
): Spread {
  const main = reads.flatMap((each) => each.reads).find((read) => sizeOf(read.shape) === sizeOf(shape));
  const strides = main && main.shape.length === shape.length ? main.strides : nativeStrides(shape);
  const order = axesByStride({ shape, strides });
  const kept = order.filter((axis) => !axes.includes(axis));
  const reduced = order.filter((axis) => axes.includes(axis));
  const inner = order.at(-1);
  const lanesReduced = inner !== undefined && axes.includes(inner);
  let lanes = inner === undefined || strides[inner] !== 1 ? 1 : most;
  while (lanes > 1 && (shape[inner!]! % lanes !== 0 || accumulators.length * lanes > MOST_REGISTERS))
    lanes /= 2;
  const size = (some: readonly number[]): number => sizeOf(some.map((axis) => shape[axis]!));
  const keptUnits = size(kept) / (lanesReduced ? 1 : lanes);
  const reducedUnits = size(reduced) / (lanesReduced ? lanes : 1);
  const across = lanesReduced ? 1 : Math.min(NEIGHBOURS, powerOfTwo(keptUnits));
  const along = Math.min(THREADS / across, powerOfTwo(reducedUnits));
  const tiles = Math.ceil((keptUnits * along) / THREADS);
  const chunks = Math.min(
    Math.ceil(reducedUnits / (along * division.rows)),
    Math.ceil((processors * division.blocks) / tiles),
    along * MOST_PARTIALS,
  );
  return {
    lanes,
    lanesReduced,
    kept,
    reduced,
    keptUnits,
    reducedUnits,
    across: THREADS / along,
    along,
    tiles,
    chunks,
  };
}
