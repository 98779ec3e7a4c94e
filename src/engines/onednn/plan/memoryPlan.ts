import type { PlanBuffer } from './place.js';
import { readsOf, type Step, writesOf } from './step.js';

/** Tensors begin at multiples of a cache line. */
const ALIGNMENT = 64;

/** Where the buffers of an arena lie. */
export interface MemoryPlan {
  /** Offset of each buffer, by its id. */
  readonly offsets: ReadonlyMap<number, number>;
  /** Size of the arena in bytes. */
  readonly bytes: number;
}

interface Interval {
  readonly buffer: PlanBuffer;
  readonly first: number;
  last: number;
}

/** Rounded up to the alignment. */
function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** Lays buffers one after the other. */
export function layOut(buffers: readonly PlanBuffer[]): MemoryPlan {
  const offsets = new Map<number, number>();
  let bytes = 0;
  for (const buffer of buffers) {
    offsets.set(buffer.id, bytes);
    bytes += aligned(buffer.bytes);
  }
  return { offsets, bytes };
}

/**
 * Lays buffers so that those which are in use at the same time do not overlap: from the largest
 * to the smallest, each at the lowest place where it fits.
 *
 * @param isLaid which of the buffers that the steps use
 * @param pinned buffers that are in use during all steps, such as those that hold the inputs or outputs
 */
export function planMemory(
  steps: readonly Step[],
  isLaid: (buffer: PlanBuffer) => boolean,
  pinned: ReadonlySet<PlanBuffer> = new Set(),
): MemoryPlan {
  const intervals = lifetimes(steps, isLaid, pinned);
  const placed: { readonly interval: Interval; readonly offset: number; readonly end: number }[] = [];
  const offsets = new Map<number, number>();
  let bytes = 0;
  for (const interval of intervals.sort((a, b) => b.buffer.bytes - a.buffer.bytes || a.first - b.first)) {
    const size = aligned(interval.buffer.bytes);
    let offset = 0;
    for (const other of placed) {
      if (other.interval.last < interval.first || interval.last < other.interval.first) continue;
      if (other.offset >= offset + size) break;
      offset = Math.max(offset, other.end);
    }
    const entry = { interval, offset, end: offset + size };
    const next = placed.findIndex((other) => other.offset > offset);
    placed.splice(next < 0 ? placed.length : next, 0, entry);
    offsets.set(interval.buffer.id, offset);
    bytes = Math.max(bytes, entry.end);
  }
  return { offsets, bytes };
}

/** First and last step that each buffer is used in. */
function lifetimes(
  steps: readonly Step[],
  isLaid: (buffer: PlanBuffer) => boolean,
  pinned: ReadonlySet<PlanBuffer>,
): Interval[] {
  const intervals = new Map<PlanBuffer, Interval>();
  for (const buffer of pinned) {
    if (isLaid(buffer)) intervals.set(buffer, { buffer, first: -1, last: steps.length });
  }
  steps.forEach((step, index) => {
    for (const { buffer } of [...readsOf(step), ...writesOf(step)]) {
      if (!isLaid(buffer)) continue;
      const known = intervals.get(buffer);
      if (!known) intervals.set(buffer, { buffer, first: index, last: index });
      else known.last = Math.max(known.last, index);
    }
  });
  return [...intervals.values()];
}
