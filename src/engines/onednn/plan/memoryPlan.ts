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

/** Buffers that lie in one row, or one alone, and the steps in which they are in use. */
interface Interval {
  readonly row: readonly PlanBuffer[];
  readonly bytes: number;
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
 * to the smallest, each (or each row of them) at the lowest place where it fits.
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
  for (const interval of intervals.sort((a, b) => b.bytes - a.bytes || a.first - b.first)) {
    const size = interval.bytes;
    let offset = 0;
    for (const other of placed) {
      if (other.interval.last < interval.first || interval.last < other.interval.first) continue;
      if (other.offset >= offset + size) break;
      offset = Math.max(offset, other.end);
    }
    const entry = { interval, offset, end: offset + size };
    const next = placed.findIndex((other) => other.offset > offset);
    placed.splice(next < 0 ? placed.length : next, 0, entry);
    for (const buffer of interval.row) {
      offsets.set(buffer.id, offset);
      offset += aligned(buffer.bytes);
    }
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
  const use = (buffer: PlanBuffer, first: number, last: number): void => {
    if (!isLaid(buffer)) return;
    const row = buffer.row ?? [buffer];
    const known = intervals.get(row[0]!);
    const bytes = row.reduce((total, each) => total + aligned(each.bytes), 0);
    if (!known) intervals.set(row[0]!, { row, bytes, first, last });
    else known.last = Math.max(known.last, last);
  };
  for (const buffer of pinned) use(buffer, -1, steps.length);
  steps.forEach((step, index) => {
    for (const { buffer } of [...readsOf(step), ...writesOf(step)]) use(buffer, index, index);
  });
  return [...intervals.values()];
}
