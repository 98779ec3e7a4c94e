import type { Shape } from '../../../graph/tensorType.js';
import type { PlanBuffer } from '../plan/buffer.js';
import { type Accumulator, COMBINE, type Reduction, type ReductionMemory } from './accumulator.js';
import { type Emitter, NotHeld, type Operand } from './emitter.js';
import { Index } from './index.js';
import { joinBlocks, joinThreads, sharedText, spaceOf } from './joins.js';
import { nest } from './pointwise.js';
import type { Spread } from './spread.js';
import type { Stored } from './stored.js';

/** What is added up over all pixels of a result by the kernel that computes it. */
export interface Along {
  readonly reduction: Reduction;
  readonly memory: ReductionMemory;
}

/** How the threads of a kernel that adds up its results are spread: `tx`, `ty`, `tile`, `chunk`, `k` and `live` as in a reduction. */
export interface AlongPlan extends Pick<Spread, 'chunks' | 'tiles' | 'keptUnits' | 'along' | 'across'> {
  /** Of a thread. */
  readonly channel: Index;
}

/** The index of the channels that a thread keeps. */
export function channelIndex(at: Emitter, shape: Shape): Index {
  const channels = nest(shape, [1], at.lanes, 'k');
  channels.define(at);
  return channels.index[1]!;
}

/** The accumulators, and after those of distances from a first number the count of terms. */
function counted({ accumulators, first }: Reduction): readonly Accumulator[] {
  const one: Accumulator = { combination: 'sum', term: () => ({ text: '1.0f', laned: false }) };
  return first ? [...accumulators, one] : accumulators;
}

/** Declares what a thread adds up: `a0`, `a1`, … */
export function beginSums(at: Emitter, reduction: Reduction): void {
  counted(reduction).forEach(({ combination }, a) => {
    at.line(`float a${a}[${at.lanes}]; LANES(${at.lanes}) a${a}[j] = ${COMBINE[combination].initial};`);
  });
  // Each thread takes the first of its own terms.
  if (reduction.first) at.line(`float first[${at.lanes}]; LANES(${at.lanes}) first[j] = 0.0f;`);
}

/** An element that has just been computed. */
export interface Computed {
  readonly stored: Stored;
  readonly index: readonly Index[];
  readonly value: Operand;
  /** C++ of whether it counts: what its terms read is read in any case, so that several reads wait together. */
  readonly keep: string;
}

/**
 * Adds the terms of an element.
 *
 * @throws NotHeld where they read others of the same tensor
 */
export function addTerms(at: Emitter, reduction: Reduction, { stored, index, value, keep }: Computed): void {
  const place = (some: readonly Index[]): string => some.map((each) => each.text('first')).join();
  const release = at.hold({
    stored,
    element: (asked) => {
      if (place(asked) !== place(index)) throw new NotHeld();
      return value;
    },
  });
  const accumulators = counted(reduction);
  const { first } = reduction;
  if (first) {
    const { text } = first(at, index);
    const begins = at.name('begins');
    at.line(`const bool ${begins} = ${keep} && a${accumulators.length - 1}[0] == 0.0f;`);
    at.line(`LANES(${at.lanes}) first[j] = ${begins} ? ${text} : first[j];`);
  }
  const own = first && at.lane('first');
  const terms = accumulators.map(({ term }) => term(at, index, own));
  release();
  terms.forEach(({ text }, a) => {
    const { combine, initial } = COMBINE[accumulators[a]!.combination];
    at.line(`LANES(${at.lanes}) a${a}[j] = ${combine(`a${a}[j]`, `(${keep} ? ${text} : ${initial})`)};`);
  });
}

/** Floats of shared memory that {@link endSums} uses. */
export function sharedFloats(
  reduction: Reduction,
  lanes: number,
  { across, along }: Pick<AlongPlan, 'across' | 'along'>,
): number {
  return (counted(reduction).length * spaceOf(lanes, across, along).rows + 1) * across * lanes;
}

/**
 * Combines what threads and blocks have added up, and writes what is made of it. The array `shared` has {@link sharedFloats}.
 *
 * @returns what the kernel writes besides
 */
export function endSums(at: Emitter, { reduction, memory }: Along, plan: AlongPlan): PlanBuffer[] {
  const { across, along, chunks, channel } = plan;
  const { lanes } = at;
  const { shape, results, first } = reduction;
  const whole: Reduction = { ...reduction, accumulators: counted(reduction) };
  const count = whole.accumulators.length;
  const space = spaceOf(lanes, across, along);
  if (first) shareFirst(at, `(shared + ${count * space.rows * across * lanes})`);
  joinThreads(at, whole, space);
  const buffers = chunks > 1 ? joinBlocks(at, whole, plan, space, memory, first && 'first') : [];
  at.line('if (ty != 0 || !live) return;');
  const totals = whole.accumulators.map((_, a) => at.value(sharedText(space, a, '0', count), lanes > 1));
  const kept = shape.map((_, axis) => (axis === 1 ? channel : Index.zero));
  for (const { target, value } of results)
    at.write(target, kept, value(at, totals, kept, first && at.lane('first')));
  return [...results.map(({ target }) => target.buffer), ...buffers];
}

/** Has all threads of a channel take the first number of one of them. */
function shareFirst(at: Emitter, firsts: string): void {
  const { lanes } = at;
  const place = `${firsts}[tx * ${lanes} + j]`;
  at.line(`if (ty == 0) LANES(${lanes}) ${place} = first[j];`);
  at.line('__syncthreads();');
  at.line(`LANES(${lanes}) { moveSums(a0[j], a1[j], a2[j], first[j] - ${place}); first[j] = ${place}; }`);
}
