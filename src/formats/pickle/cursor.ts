import { PickleFault } from './values.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads a pickle's bytes in order, never past their end. */
export class PickleCursor {
  private readonly view: DataView;

  constructor(
    private readonly bytes: Uint8Array,
    /** Position of the next byte. */
    public position: number,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Skips `count` bytes and returns where they began. */
  private take(count: number): number {
    const start = this.position;
    if (count > this.bytes.length - start)
      throw new PickleFault(
        `is truncated: ${count} bytes must follow at byte ${start}, but ${this.bytes.length - start} do`,
      );
    this.position = start + count;
    return start;
  }

  u8(): number {
    return this.view.getUint8(this.take(1));
  }

  u16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  i32(): number {
    return this.view.getInt32(this.take(4), true);
  }

  /** A 64-bit length; any beyond the file's own is the same to {@link data}. */
  u64(): number {
    return Number(this.view.getBigUint64(this.take(8), true));
  }

  /** A float in network order, as pickles have it. */
  f64(): number {
    return this.view.getFloat64(this.take(8), false);
  }

  /** The next bytes, without a copy. */
  data(count: number): Uint8Array {
    const start = this.take(count);
    return this.bytes.subarray(start, start + count);
  }

  /** The next bytes as UTF-8 text. */
  text(count: number): string {
    const start = this.position;
    try {
      return utf8.decode(this.data(count));
    } catch (error) {
      if (error instanceof PickleFault) throw error;
      throw new PickleFault(`has text at byte ${start} that is not UTF-8`);
    }
  }

  /** The bytes up to the next line feed, which is passed. */
  line(): Uint8Array {
    const end = this.bytes.indexOf(0x0a, this.position);
    if (end < 0) throw new PickleFault('is truncated: a line has no end');
    const line = this.bytes.subarray(this.position, end);
    this.position = end + 1;
    return line;
  }
}
