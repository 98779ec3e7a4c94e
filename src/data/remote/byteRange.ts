/** Consecutive bytes of a file. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * Work that reads a file, whichever way it is read: it yields the bytes that it needs, front to back, and is given them, fewer
 * where the file ends.
 */
export type Reading<T> = Generator<ByteRange, T, Uint8Array>;
