import type { PlanBuffer } from '../plan/buffer.js';
import { COMBINE, type Reduction, type ReductionMemory } from './accumulator.js';
import type { Emitter } from './emitter.js';
import type { Spread } from './spread.js';

/** Threads that exchange values without shared memory. */
const WARP = 32;

/** Where a block's threads leave their results: those of one warp are joined before. */
export interface Space {
  /** Lanes of a result. */
  readonly width: number;
  readonly across: number;
  /** Thread rows of a warp, and rows of results. */
  readonly rowsOfWarp: number;
  readonly rows: number;
}

/** Names a thread's places in a launch that adds up: `tx`, `ty`, `tile`, `chunk`, and the unit `k` that it keeps if it is `live`. */
export function namePlaces(
  at: Emitter,
  { across, tiles, keptUnits }: Pick<Spread, 'across' | 'tiles' | 'keptUnits'>,
): void {
  at.line(`const int tx = threadIdx.x % ${across}, ty = threadIdx.x / ${across};`);
  at.line(`const int tile = blockIdx.x % ${tiles}, chunk = blockIdx.x / ${tiles};`);
  at.line(`const bool live = tile * ${across} + tx < ${keptUnits};`);
  at.line(`const int k = live ? tile * ${across} + tx : ${keptUnits - 1};`);
}

/** The place for results of a block. */
export function spaceOf(width: number, across: number, along: number): Space {
  const rowsOfWarp = Math.min(along, Math.max(1, WARP / across));
  return { width, across, rowsOfWarp, rows: along / rowsOfWarp };
}

/** Accumulator `a` in row `row` of results, lane j; neighbouring threads lie next to each other. */
export function sharedText({ width, across }: Space, a: number, row: string, count: number): string {
  const lane = width > 1 ? ` + j * ${across}` : '';
  return `shared[(${row}) * ${across * width * count} + ${a * across * width} + tx${lane}]`;
}

/** Combines the rows of a block's threads into the first, in a fixed order. */
export function joinThreads(at: Emitter, { accumulators }: Reduction, space: Space): void {
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

/**
 * Stores a block's partial results; the last block to finish combines those of all blocks. If blocks have numbers of their own that
 * terms are distances from, totals are distances from that of the first block, which is then in the array `first`; the accumulators
 * are the sum of distances, that of their squares, and the count of terms.
 */
export function joinBlocks(
  at: Emitter,
  spec: Reduction,
  plan: Pick<Spread, 'chunks' | 'tiles' | 'keptUnits' | 'along'>,
  space: Space,
  memory: ReductionMemory,
  first?: string,
): PlanBuffer[] {
  const { accumulators } = spec;
  const { chunks, tiles, keptUnits, along } = plan;
  const { width } = space;
  const count = accumulators.length + (first ? 1 : 0);
  const partials = memory.partials(4 * chunks * count * keptUnits * width);
  const counters = memory.counters(4 * tiles);
  const pointer = at.pointer(partials, 'f32');
  const counter = at.pointer(counters, 'i32');
  const place = (chunk: string, a: number): string =>
    `${pointer} + ((${chunk}) * ${count} + ${a}) * ${keptUnits * width} + k * ${width}`;
  at.block('if (ty == 0 && live)', () => {
    accumulators.forEach((_, a) => {
      at.line(`LANES(${width}) a${a}[j] = ${sharedText(space, a, '0', accumulators.length)};`);
      at.line(`Words<${width}, ${Math.min(width, 4)}>::store(${place('chunk', a)}, a${a});`);
    });
    if (first)
      at.line(`Words<${width}, ${Math.min(width, 4)}>::store(${place('chunk', count - 1)}, ${first});`);
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
  if (first) at.line(`loadFresh(${first}, ${place('0', count - 1)});`);
  at.line('#pragma unroll 4');
  at.block(`for (int q = ty; q < ${chunks}; q += ${along})`, () => {
    const others = Array.from({ length: count }, (_, a) => {
      const other = at.name('f');
      at.line(`float ${other}[${width}];`);
      at.line(`loadFresh(${other}, ${place('q', a)});`);
      return `${other}[j]`;
    });
    if (first) {
      const [sum, squares, terms, own] = others;
      at.line(`LANES(${width}) moveSums(${sum}, ${squares}, ${terms}, ${own} - ${first}[j]);`);
    }
    accumulators.forEach(({ combination }, a) => {
      at.line(`LANES(${width}) a${a}[j] = ${COMBINE[combination].combine(`a${a}[j]`, others[a]!)};`);
    });
  });
  joinThreads(at, spec, space);
  return [partials, counters];
}
