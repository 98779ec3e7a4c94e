import type { StorageType } from '../device.js';
import type { PlanBuffer } from '../plan/buffer.js';
import { COMBINE, type Reduction, type ReductionMemory } from './accumulator.js';
import { Emitter, type Operand } from './emitter.js';
import { buffersOf } from './expression.js';
import type { Index } from './index.js';
import { joinBlocks, joinThreads, namePlaces, sharedText, spaceOf } from './joins.js';
import { type KernelBody, mostLanes, nest, THREADS, withFewerLanes } from './pointwise.js';
import { type Spread, spread } from './spread.js';

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
  namePlaces(at, plan);
  const kept = nest(shape, plan.kept, lanesReduced ? 1 : lanes, 'k');
  kept.define(at);
  const first = spec.first?.(at, kept.index);
  addRows(at, spec, plan, kept.index, first);
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
    reads: buffersOf(reads),
    writes: [...results.map(({ target }) => target.buffer), ...own],
    blocks: tiles * chunks,
    threads: THREADS,
  };
}

/** Adds the rows of a thread up, lane by lane, in `b0`, `b1`, … */
function addRows(
  at: Emitter,
  { accumulators, shape }: Reduction,
  { lanes, lanesReduced, along, chunks, reduced, reducedUnits }: Spread,
  kept: readonly Index[],
  first: Operand | undefined,
): void {
  accumulators.forEach(({ combination }, a) => {
    at.line(`float b${a}[${lanes}]; LANES(${lanes}) b${a}[j] = ${COMBINE[combination].initial};`);
  });
  at.line('#pragma unroll 4');
  at.block(`for (int r = chunk * ${along} + ty; r < ${reducedUnits}; r += ${along * chunks})`, () => {
    const inner = nest(shape, reduced, lanesReduced ? lanes : 1, 'r');
    inner.define(at);
    const index = kept.map((each, axis) => each.plus(inner.index[axis]!));
    const terms = accumulators.map(({ term }) => term(at, index, first));
    terms.forEach(({ text }, a) => {
      const { combine } = COMBINE[accumulators[a]!.combination];
      at.line(`LANES(${lanes}) b${a}[j] = ${combine(`b${a}[j]`, text)};`);
    });
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
