import { type Shape, sizeOf } from '../../../graph/tensorType.js';
import type { StorageType } from '../device.js';
import type { PlanBuffer } from '../plan/buffer.js';
import { Emitter, type Operand } from './emitter.js';
import { type Expression, floatText } from './expression.js';
import type { Index } from './index.js';
import { type KernelBody, mostLanes, nest, THREADS, withFewerLanes } from './pointwise.js';
import { axesByStride, nativeStrides, type Stored } from './stored.js';

/** How partial results are combined. */
export type Combination = 'sum' | 'min' | 'max';

const COMBINE: Readonly<
  Record<Combination, { readonly initial: string; combine(a: string, b: string): string }>
> = {
  sum: { initial: '0.0f', combine: (a, b) => `${a} + ${b}` },
  min: { initial: floatText(Number.POSITIVE_INFINITY), combine: (a, b) => `smaller(${a}, ${b})` },
  max: { initial: floatText(Number.NEGATIVE_INFINITY), combine: (a, b) => `larger(${a}, ${b})` },
};

/** What is added up over the reduced axes. */
export interface Accumulator {
  readonly combination: Combination;
  /** @param first what {@link Reduction.first} gave */
  term(at: Emitter, index: readonly Index[], first: Operand | undefined): Operand;
}

/** A tensor made of the results. */
export interface ReductionResult {
  /** Of the reduced shape, with 1 for reduced axes. */
  readonly target: Stored;
  value(
    at: Emitter,
    totals: readonly Operand[],
    index: readonly Index[],
    first: Operand | undefined,
  ): Operand;
}

/** Sums, minima or maxima over some axes of expressions of one shape. */
export interface Reduction {
  readonly shape: Shape;
  readonly axes: readonly number[];
  /** Everything that terms and results read. */
  readonly reads: readonly Expression[];
  /** A number that all terms of a result share, such as one of them: the index has 0 for reduced axes. */
  readonly first?: ((at: Emitter, index: readonly Index[]) => Operand) | undefined;
  readonly accumulators: readonly Accumulator[];
  readonly results: readonly ReductionResult[];
}

/** Memory that a reduction needs besides: partial results, and counters that are 0 before and after. */
export interface ReductionMemory {
  partials(bytes: number): PlanBuffer;
  counters(bytes: number): PlanBuffer;
}

/** How the work is spread. */
interface Spread {
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

/** Blocks of a launch that fill a processor of the device. */
const BLOCKS_PER_PROCESSOR = 3;

/** Rows that a thread adds up before it pays to divide them between blocks. */
const FEWEST_ROWS = 4;

/** Neighbouring threads along the kept axes: with 16 bytes each they read whole cache lines. */
const NEIGHBOURS = 8;

/** Results of other blocks that a thread of the last block adds up, at most. */
const MOST_PARTIALS = 8;

/** Threads that exchange values without shared memory. */
const WARP = 32;

/** Numbers that a thread adds up at once. */
const MOST_REGISTERS = 40;

function spread({ shape, axes, reads, accumulators }: Reduction, most: number, processors: number): Spread {
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
    Math.ceil(reducedUnits / (along * FEWEST_ROWS)),
    Math.ceil((processors * BLOCKS_PER_PROCESSOR) / tiles),
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

/** Code of a reduction in one launch: the block that ends last adds up what the others found, in a fixed order. */
export function reduction(spec: Reduction, memory: ReductionMemory, processors: number): KernelBody {
  const types: StorageType[] = spec.reads.flatMap(({ reads }) => reads.map(({ type }) => type));
  const most = mostLanes(8, types, Number.POSITIVE_INFINITY, processors);
  return withFewerLanes(most, (lanes) => generate(spec, spread(spec, lanes, processors), memory));
}

function generate(spec: Reduction, plan: Spread, memory: ReductionMemory): KernelBody {
  const { accumulators, results, shape, reads } = spec;
  const { lanes, lanesReduced, across, along, tiles, chunks } = plan;
  const at = new Emitter(lanes);
  const width = lanesReduced ? 1 : lanes;
  const count = accumulators.length;
  at.line(`const int tx = threadIdx.x % ${across}, ty = threadIdx.x / ${across};`);
  at.line(`const int tile = blockIdx.x % ${tiles}, chunk = blockIdx.x / ${tiles};`);
  at.line(`const bool live = tile * ${across} + tx < ${plan.keptUnits};`);
  at.line(`const int k = live ? tile * ${across} + tx : ${plan.keptUnits - 1};`);
  const kept = nest(shape, plan.kept, lanesReduced ? 1 : lanes, 'k');
  kept.define(at);
  const first = spec.first?.(at, kept.index);
  declare(at, spec, lanes);
  at.line('#pragma unroll 4');
  at.block(`for (int r = chunk * ${along} + ty; r < ${plan.reducedUnits}; r += ${along * chunks})`, () => {
    const inner = nest(shape, plan.reduced, lanesReduced ? lanes : 1, 'r');
    inner.define(at);
    const index = kept.index.map((each, axis) => each.plus(inner.index[axis]!));
    const terms = accumulators.map(({ term }) => term(at, index, first));
    terms.forEach(({ text }, a) => {
      at.line(
        `LANES(${lanes}) b${a}[j] = ${COMBINE[accumulators[a]!.combination].combine(`b${a}[j]`, text)};`,
      );
    });
  });
  gatherLanes(at, spec, lanes, width);
  const space = spaceOf(width, across, along);
  at.line(`__shared__ float shared[${count * width * across * space.rows}];`);
  joinThreads(at, spec, space);
  const own: PlanBuffer[] = [];
  if (chunks > 1) own.push(...joinBlocks(at, spec, plan, space, memory));
  at.line('if (ty != 0 || !live) return;');
  const totals = accumulators.map((_, a) => at.value(sharedText(space, a, '0', count), width > 1));
  for (const { target, value } of results) at.write(target, kept.index, value(at, totals, kept.index, first));
  return {
    text: at.text,
    buffers: at.buffers,
    reads: [...new Set(reads.flatMap((each) => each.reads.map(({ buffer }) => buffer)))],
    writes: [...results.map(({ target }) => target.buffer), ...own],
    blocks: tiles * chunks,
    threads: THREADS,
  };
}

/** Where a block's threads leave their results: those of one warp are joined before. */
interface Space {
  /** Lanes of a result. */
  readonly width: number;
  readonly across: number;
  /** Thread rows of a warp, and rows of results. */
  readonly rowsOfWarp: number;
  readonly rows: number;
}

function spaceOf(width: number, across: number, along: number): Space {
  const rowsOfWarp = Math.min(along, Math.max(1, WARP / across));
  return { width, across, rowsOfWarp, rows: along / rowsOfWarp };
}

/** Accumulator `a` in row `row` of results, lane j; neighbouring threads lie next to each other. */
function sharedText({ width, across }: Space, a: number, row: string, count: number): string {
  const lane = width > 1 ? ` + j * ${across}` : '';
  return `shared[(${row}) * ${across * width * count} + ${a * across * width} + tx${lane}]`;
}

function declare(at: Emitter, { accumulators }: Reduction, lanes: number): void {
  accumulators.forEach(({ combination }, a) => {
    at.line(`float b${a}[${lanes}]; LANES(${lanes}) b${a}[j] = ${COMBINE[combination].initial};`);
  });
}

/** The results of a thread, `a0`, `a1`, …: its lanes as they are, or combined where they lie along a reduced axis. */
function gatherLanes(at: Emitter, { accumulators }: Reduction, lanes: number, width: number): void {
  accumulators.forEach(({ combination }, a) => {
    const { combine } = COMBINE[combination];
    at.line(`float a${a}[${width}]; LANES(${width}) a${a}[j] = b${a}[j];`);
    if (width === lanes) return;
    at.line('#pragma unroll');
    at.line(`for (int j = 1; j < ${lanes}; ++j) a${a}[0] = ${combine(`a${a}[0]`, `b${a}[j]`)};`);
  });
}

/** Combines the rows of a block's threads into the first, in a fixed order. */
function joinThreads(at: Emitter, { accumulators }: Reduction, space: Space): void {
  const { width, across, rowsOfWarp, rows } = space;
  const count = accumulators.length;
  for (let distance = across; distance < across * rowsOfWarp; distance *= 2)
    accumulators.forEach(({ combination }, a) => {
      const other = `__shfl_xor_sync(0xffffffffu, a${a}[j], ${distance})`;
      at.line(`LANES(${width}) a${a}[j] = ${COMBINE[combination].combine(`a${a}[j]`, other)};`);
    });
  accumulators.forEach((_, a) => {
    const place = sharedText(space, a, `ty / ${rowsOfWarp}`, count);
    at.line(`if (ty % ${rowsOfWarp} == 0) LANES(${width}) ${place} = a${a}[j];`);
  });
  at.line('__syncthreads();');
  for (let half = rows / 2; half >= 1; half /= 2) {
    accumulators.forEach(({ combination }, a) => {
      const text = sharedText(space, a, 'ty', count);
      const other = sharedText(space, a, `ty + ${half}`, count);
      at.line(`if (ty < ${half}) LANES(${width}) ${text} = ${COMBINE[combination].combine(text, other)};`);
    });
    at.line('__syncthreads();');
  }
}

/** Leaves a block's results for the last one, which goes on with those of all blocks. */
function joinBlocks(
  at: Emitter,
  spec: Reduction,
  plan: Spread,
  space: Space,
  memory: ReductionMemory,
): PlanBuffer[] {
  const { accumulators } = spec;
  const { chunks, tiles, keptUnits, along } = plan;
  const { width } = space;
  const count = accumulators.length;
  const partials = memory.partials(4 * chunks * count * keptUnits * width);
  const counters = memory.counters(4 * tiles);
  const pointer = at.pointer(partials, 'f32');
  const counter = at.pointer(counters, 'i32');
  const place = (chunk: string, a: number): string =>
    `${pointer} + ((${chunk}) * ${count} + ${a}) * ${keptUnits * width} + k * ${width}`;
  at.block('if (ty == 0 && live)', () => {
    accumulators.forEach((_, a) => {
      at.line(`LANES(${width}) a${a}[j] = ${sharedText(space, a, '0', count)};`);
      at.line(`Words<${width}, ${Math.min(width, 4)}>::store(${place('chunk', a)}, a${a});`);
    });
  });
  at.line('__threadfence();');
  at.line('__syncthreads();');
  at.line('__shared__ u32 arrived;');
  at.line(`if (threadIdx.x == 0) arrived = atomicAdd((u32*)${counter} + tile, 1u);`);
  at.line('__syncthreads();');
  at.line(`if (arrived != ${chunks - 1}) return;`);
  at.line(`if (threadIdx.x == 0) ${counter}[tile] = 0;`);
  at.line('__threadfence();');
  accumulators.forEach(({ combination }, a) => {
    at.line(`LANES(${width}) a${a}[j] = ${COMBINE[combination].initial};`);
  });
  at.line('#pragma unroll 4');
  at.block(`for (int q = ty; q < ${chunks}; q += ${along})`, () => {
    accumulators.forEach(({ combination }, a) => {
      const other = at.name('f');
      at.line(`float ${other}[${width}];`);
      at.line(`loadFresh(${other}, ${place('q', a)});`);
      at.line(`LANES(${width}) a${a}[j] = ${COMBINE[combination].combine(`a${a}[j]`, `${other}[j]`)};`);
    });
  });
  joinThreads(at, spec, space);
  return [partials, counters];
}
