import { readImageHeader } from './header.js';

/** The marker of a JPEG's segment for an application, and of its image data. */
const APP1 = 0xe1;
const SCAN = 0xda;

/**
 * The image with its EXIF data renamed, so that no decoder finds an orientation in it; images without are returned as they are.
 *
 * @param bytes a JPEG, PNG or WebP image; changed in place
 */
export function withoutExif<T extends Uint8Array>(bytes: T): T {
  switch (readImageHeader(bytes)?.format) {
    case 'JPEG':
      hideInJpeg(bytes);
      break;
    case 'PNG':
      hide(bytes, chunksNamed(bytes, PNG, 'eXIf'));
      break;
    case 'WebP':
      hide(bytes, chunksNamed(bytes, WEBP, 'EXIF'));
      break;
  }
  return bytes;
}

/** Walks the segments before the image data. */
function hideInJpeg(bytes: Uint8Array): void {
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff && bytes[at + 1] !== SCAN; ) {
    if (bytes[at + 1] === APP1 && textAt(bytes, at + 4) === 'Exif') bytes.fill(0x78, at + 4, at + 8);
    at += 2 + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
  }
}

/** How a format lays out its chunks. */
interface ChunkLayout {
  /** Where the first begins. */
  readonly first: number;
  /** Whether the name comes before the length, whose low byte is then the first. */
  readonly nameFirst: boolean;
}

const PNG: ChunkLayout = { first: 8, nameFirst: false };
const WEBP: ChunkLayout = { first: 12, nameFirst: true };

/** A chunk: where its name is, and its data. */
interface Chunk {
  readonly nameAt: number;
  readonly data: Uint8Array;
}

function chunksNamed(bytes: Uint8Array, { first, nameFirst }: ChunkLayout, name: string): Chunk[] {
  const found: Chunk[] = [];
  const view = viewOf(bytes);
  for (let at = first; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + (nameFirst ? 4 : 0), nameFirst);
    const nameAt = at + (nameFirst ? 0 : 4);
    if (textAt(bytes, nameAt) === name) found.push({ nameAt, data: bytes.subarray(at + 8, at + 8 + length) });
    // PNG has a checksum after each chunk, WebP fills chunks up to an even length.
    at += 8 + length + (nameFirst ? length % 2 : 4);
  }
  return found;
}

/** Gives chunks a name that decoders skip. */
function hide(bytes: Uint8Array, chunks: readonly Chunk[]): void {
  for (const { nameAt } of chunks) bytes.fill(0x78, nameAt, nameAt + 4);
}

/** EXIF's number of the orientation, and its type: a whole number of two bytes. */
const ORIENTATION = 0x0112;
const SHORT = 3;

/** The EXIF orientation of a WebP image, from 1 to 8; 1 where it has none. */
export function webpOrientation(bytes: Uint8Array): number {
  const chunk = chunksNamed(bytes, WEBP, 'EXIF')[0]?.data ?? new Uint8Array();
  // Some writers keep the beginning that EXIF has in JPEG.
  const tiff = textAt(chunk, 0) === 'Exif' ? chunk.subarray(6) : chunk;
  const order = textAt(tiff, 0).slice(0, 2);
  if (tiff.length < 10 || (order !== 'II' && order !== 'MM')) return 1;
  const view = viewOf(tiff);
  const isLittle = order === 'II';
  const directory = view.getUint32(4, isLittle);
  if (directory + 2 > tiff.length) return 1;
  const entries = view.getUint16(directory, isLittle);
  for (let i = 0, at = directory + 2; i < entries && at + 12 <= tiff.length; i++, at += 12) {
    if (view.getUint16(at, isLittle) !== ORIENTATION) continue;
    const value = view.getUint16(at + 8, isLittle);
    return view.getUint16(at + 2, isLittle) === SHORT && value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function textAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
