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
      hideChunks(bytes, { first: 8, nameFirst: false, name: 'eXIf' });
      break;
    case 'WebP':
      hideChunks(bytes, { first: 12, nameFirst: true, name: 'EXIF' });
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

/** Gives the chunks of a name one that decoders skip. */
function hideChunks(
  bytes: Uint8Array,
  { first, nameFirst, name }: { readonly first: number; readonly nameFirst: boolean; readonly name: string },
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = first; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + (nameFirst ? 4 : 0), nameFirst);
    const nameAt = at + (nameFirst ? 0 : 4);
    if (textAt(bytes, nameAt) === name) bytes.fill(0x78, nameAt, nameAt + 4);
    // PNG has a checksum after each chunk, WebP fills chunks up to an even length.
    at += 8 + length + (nameFirst ? length % 2 : 4);
  }
}

function textAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
