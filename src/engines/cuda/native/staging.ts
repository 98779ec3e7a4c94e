import type { Download } from '../device.js';
import type { Driver } from './driver/driver.js';
import { aligned, bytesOf, type PinnedMemory, pinned } from './pinnedMemory.js';

/** Memory for copies in the background: so many pieces, each of so many bytes. */
const PIECES = 4;
const PIECE_BYTES = 8 * 2 ** 20;
/** A large array is copied in parts of so many bytes: while one goes to the device, the next is put into the piece. */
const PART_BYTES = 2 ** 20;

/** Copies between arrays and the device through memory that the device can read itself, so that uploads need no waiting. */
export class Staging {
  private readonly pieces: Piece[] = [];
  private current = 0;
  private downloads: PinnedMemory | undefined;

  constructor(
    private readonly driver: Driver,
    private readonly stream: number,
  ) {}

  /** Copies to the device in the stream's order; the array may be changed afterwards. */
  upload(pointer: number, data: ArrayBufferView): void {
    for (const { bytes, offset } of parts(data, PART_BYTES)) {
      const { memory, start } = this.reserve(bytes.length);
      memory.bytes.set(bytes, start);
      this.driver.copyToDevice(pointer + offset, memory.address + start, bytes.length, this.stream);
    }
  }

  /** Copies from the device, and waits for it: once for all arrays that have room in a piece together. */
  download(downloads: readonly Download[]): void {
    this.downloads ??= pinned(this.driver, PIECE_BYTES);
    const { bytes: memory, address } = this.downloads;
    const waiting: { readonly to: Uint8Array; readonly start: number }[] = [];
    let used = 0;
    const finish = (): void => {
      this.driver.synchronize(this.stream);
      for (const { to, start } of waiting.splice(0)) to.set(memory.subarray(start, start + to.length));
      used = 0;
    };
    for (const { pointer, data } of downloads)
      for (const { bytes, offset } of parts(data, PIECE_BYTES)) {
        if (used + bytes.length > PIECE_BYTES) finish();
        this.driver.copyToHost(address + used, pointer + offset, bytes.length, this.stream);
        waiting.push({ to: bytes, start: used });
        used = aligned(used + bytes.length);
      }
    finish();
  }

  close(): void {
    for (const { event, memory } of this.pieces.splice(0)) {
      this.driver.destroyEvent(event);
      this.driver.freeHost(memory.address);
    }
    if (this.downloads) this.driver.freeHost(this.downloads.address);
    this.downloads = undefined;
  }

  /** A place in the current piece, or in the one that was used longest ago, after its last copy. */
  private reserve(bytes: number): { readonly memory: PinnedMemory; readonly start: number } {
    let piece = this.pieces[this.current] ?? this.addPiece();
    if (piece.used + bytes > PIECE_BYTES) {
      this.driver.record(piece.event, this.stream);
      this.current = (this.current + 1) % PIECES;
      const next = this.pieces[this.current];
      if (next) this.driver.waitFor(next.event);
      piece = next ?? this.addPiece();
      piece.used = 0;
    }
    const start = piece.used;
    piece.used = aligned(start + bytes);
    return { memory: piece.memory, start };
  }

  private addPiece(): Piece {
    const piece = { memory: pinned(this.driver, PIECE_BYTES), event: this.driver.createEvent(), used: 0 };
    this.pieces.push(piece);
    return piece;
  }
}

interface Piece {
  readonly memory: PinnedMemory;
  /** The last upload from here, once the piece is full. */
  readonly event: number;
  /** Bytes that were given away since the piece was begun. */
  used: number;
}

/** An array's bytes in parts of a size at most. */
function* parts(
  data: ArrayBufferView,
  size: number,
): Generator<{ readonly bytes: Uint8Array; readonly offset: number }> {
  const all = bytesOf(data);
  for (let offset = 0; offset < all.length; offset += size)
    yield { bytes: all.subarray(offset, offset + size), offset };
}
