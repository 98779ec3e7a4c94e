import { createHash } from 'node:crypto';
import type { ByteRange } from '../remote/byteRange.js';

/** Bytes of a piece that is hashed. */
const PIECE = 4096;

/** The pieces of an image's content, in its middle and at its end, by which it is recognised: reading everything would take as long as an epoch. */
export function contentPieces(size: number): ByteRange[] {
  return [Math.ceil(size / 2), size].map((end) => {
    const length = Math.min(PIECE, end);
    return { offset: end - length, length };
  });
}

/** Hash of {@link contentPieces}, 16 hexadecimal digits. */
export function contentHash(pieces: readonly Uint8Array[]): string {
  const padded = Buffer.alloc(pieces.length * PIECE);
  pieces.forEach((piece, i) => {
    padded.set(piece, i * PIECE);
  });
  const lengths = pieces.map(({ length }) => length).join();
  return createHash('sha256').update(`${lengths}\n`).update(padded).digest('hex').slice(0, 16);
}
