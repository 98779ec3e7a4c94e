/** Tensors begin at multiples of this many bytes by default: a processor's cache line. */
const ALIGNMENT = 64;

/** Memory that a plan uses. */
export interface LaidBuffer {
  readonly id: number;
  readonly bytes: number;
  /** Buffers, this one among them, that lie one after the other in this order. */
  readonly row?: readonly LaidBuffer[] | undefined;
}

/** The buffers that a step uses. */
export interface BufferUse<B extends LaidBuffer> {
  readonly buffers: readonly B[];
  /** The step that is done before this one's buffers are free. Default: this one. */
  readonly until?: number | undefined;
}

/** Where the buffers of an arena lie. */
export interface MemoryPlan {
  /** Offset of each buffer, by its id. */
  readonly offsets: ReadonlyMap<number, number>;
  /** Size of the arena in bytes. */
  readonly bytes: number;
}

/** Buffers that lie in one row, or one alone, and the steps in which they are in use. */
interface Interval {
  readonly row: readonly LaidBuffer[];
  readonly bytes: number;
  readonly first: number;
  last: number;
}

/** Rounded up to the alignment. */
function aligned(bytes: number, alignment: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/** Lays buffers one after the other. */
export function layOut(buffers: readonly LaidBuffer[], alignment = ALIGNMENT): MemoryPlan {
  const offsets = new Map<number, number>();
  let bytes = 0;
  for (const buffer of buffers) {
    offsets.set(buffer.id, bytes);
    bytes += aligned(buffer.bytes, alignment);
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
export function planMemory<B extends LaidBuffer>(
  steps: readonly BufferUse<B>[],
  isLaid: (buffer: B) => boolean,
  pinned: ReadonlySet<B> = new Set(),
  alignment = ALIGNMENT,
): MemoryPlan {
  const intervals = lifetimes(steps, { isLaid, pinned, alignment });
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
      offset += aligned(buffer.bytes, alignment);
    }
    bytes = Math.max(bytes, entry.end);
  }
  return { offsets, bytes };
}

interface LifetimeOptions<B> {
  readonly isLaid: (buffer: B) => boolean;
  readonly pinned: ReadonlySet<B>;
  readonly alignment: number;
}

/** First and last step that each buffer is used in. */
function lifetimes<B extends LaidBuffer>(
  steps: readonly BufferUse<B>[],
  { isLaid, pinned, alignment }: LifetimeOptions<B>,
): Interval[] {
  const intervals = new Map<LaidBuffer, Interval>();
  const use = (buffer: B, first: number, last: number): void => {
    if (!isLaid(buffer)) return;
    const row = buffer.row ?? [buffer];
    const known = intervals.get(row[0]!);
    const bytes = row.reduce((total, each) => total + aligned(each.bytes, alignment), 0);
    if (!known) intervals.set(row[0]!, { row, bytes, first, last });
    else known.last = Math.max(known.last, last);
  };
  for (const buffer of pinned) use(buffer, -1, steps.length);
  steps.forEach((step, index) => {
    for (const buffer of step.buffers) use(buffer, index, Math.max(index, step.until ?? index));
  });
  return [...intervals.values()];
}
