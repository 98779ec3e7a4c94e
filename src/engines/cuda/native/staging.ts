import koffi from 'koffi';
import type { Driver } from './driver/driver.js';

/** Memory for copies in the background: so many pieces, each of so many bytes. */
const PIECES = 3;
const PIECE_BYTES = 8 * 2 ** 20;

/** Copies between arrays and the device through memory that the device can read itself, so that uploads need no waiting. */
export class Staging {
  private readonly pieces: Piece[] = [];
  private next = 0;

  constructor(
    private readonly driver: Driver,
    private readonly stream: number,
  ) {}

  /** Copies to the device in the stream's order; the array may be changed afterwards. */
  upload(pointer: number, data: ArrayBufferView): void {
    forEachPart(data, (part, offset) => {
      const piece = this.piece();
      piece.bytes.set(part);
      this.driver.copyToDevice(pointer + offset, piece.address, part.length, this.stream);
      this.driver.record(piece.event, this.stream);
    });
  }

  /** Copies from the device, and waits for it. */
  download(pointer: number, data: ArrayBufferView): void {
    forEachPart(data, (part, offset) => {
      const piece = this.piece();
      this.driver.copyToHost(piece.address, pointer + offset, part.length, this.stream);
      this.driver.synchronize(this.stream);
      part.set(piece.bytes.subarray(0, part.length));
    });
  }

  close(): void {
    for (const { address, event } of this.pieces.splice(0)) {
      this.driver.destroyEvent(event);
      this.driver.freeHost(address);
    }
  }

  /** The piece that was used longest ago, after its last copy. */
  private piece(): Piece {
    const index = this.next;
    this.next = (index + 1) % PIECES;
    const piece = this.pieces[index];
    if (piece === undefined) return this.addPiece();
    this.driver.waitFor(piece.event);
    return piece;
  }

  private addPiece(): Piece {
    const address = this.driver.allocateHost(PIECE_BYTES);
    const bytes = new Uint8Array(koffi.view(BigInt(address), PIECE_BYTES));
    const piece = { address, bytes, event: this.driver.createEvent() };
    this.pieces.push(piece);
    return piece;
  }
}

interface Piece {
  readonly address: number;
  readonly bytes: Uint8Array;
  /** The last upload from here. */
  readonly event: number;
}

function forEachPart(data: ArrayBufferView, visit: (part: Uint8Array, offset: number) => void): void {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  for (let offset = 0; offset < bytes.length; offset += PIECE_BYTES)
    visit(bytes.subarray(offset, offset + PIECE_BYTES), offset);
}
