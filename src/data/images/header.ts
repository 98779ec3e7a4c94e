import { readJpegHeader } from './jpeg/jpegHeader.js';

/** Supported formats. */
export const READ_FORMATS = ['JPEG', 'PNG', 'WebP', 'GIF', 'TIFF'] as const;

/** Name of a supported format. */
export type ReadFormat = (typeof READ_FORMATS)[number];

/** The supported formats, for messages. */
export const READ_FORMATS_TEXT = 'JPEG, PNG, WebP, GIF or TIFF';

/** Properties of an encoded image, from its first bytes. */
export interface ImageHeader {
  readonly format: ReadFormat;
  /**
   * How the pixels are stored, where that matters for turning them into RGB: `cmyk` (a JPEG of four
   * components), `grey16` (a PNG with 16 bits of grey and no alpha), else `ordinary`. What a TIFF
   * stores lies anywhere in it, and counts as `ordinary` here.
   */
  readonly pixels: 'ordinary' | 'cmyk' | 'grey16';
}

const startsWith = (bytes: Uint8Array, text: string, at = 0): boolean =>
  [...text].every((character, i) => bytes[at + i] === character.charCodeAt(0));

/** Number of leading bytes that identify a file's format. */
export const FORMAT_BYTES = 32;

/** Brands of the ISO container for images, with the names of the formats. */
const BRANDS: readonly (readonly [brand: string, format: string])[] = [
  ['avif', 'AVIF'],
  ['avis', 'AVIF'],
  ['heic', 'HEIC'],
  ['heix', 'HEIC'],
  ['hevc', 'HEIC'],
  ['mif1', 'HEIF'],
  ['msf1', 'HEIF'],
];

/** Formats recognised by their first bytes; the first match counts. */
const SIGNATURES: readonly (readonly [format: string, beginning: string])[] = [
  ['JPEG', '\xff\xd8\xff'],
  ['PNG', '\x89PNG\r\n\x1a\n'],
  ['GIF', 'GIF87a'],
  ['GIF', 'GIF89a'],
  ['TIFF', 'II*\0'],
  ['TIFF', 'MM\0*'],
  ['BigTIFF', 'II+\0'],
  ['BigTIFF', 'MM\0+'],
  ['JPEG XL', '\xff\x0a'],
  ['JPEG XL', '\0\0\0\x0cJXL '],
  ['JPEG 2000', '\0\0\0\x0cjP  '],
  ['JPEG 2000', '\xff\x4f\xff\x51'],
  ['Photoshop', '8BPS'],
  ['icon', '\0\0\x01\0'],
];

const isRead = (format: string | undefined): format is ReadFormat =>
  READ_FORMATS.some((name) => name === format);

/**
 * Name of an image's format by its first {@link FORMAT_BYTES} bytes, whatever the file's name; undefined if
 * they are not an image's.
 */
export function formatOf(bytes: Uint8Array): string | undefined {
  if (startsWith(bytes, 'RIFF') && startsWith(bytes, 'WEBP', 8)) return 'WebP';
  if (startsWith(bytes, 'ftyp', 4)) return BRANDS.find(([brand]) => startsWith(bytes, brand, 8))?.[1];
  // "BM" alone begins many a text: the size of the next header, 12 to 124, makes it a bitmap.
  if (startsWith(bytes, 'BM') && bytes[14]! >= 12 && bytes[14]! <= 124 && bytes[15] === 0) return 'BMP';
  if (/^P[1-7][\s#]/.test(String.fromCharCode(...bytes.subarray(0, 3)))) return 'PNM';
  return SIGNATURES.find(([, beginning]) => startsWith(bytes, beginning))?.[0];
}

/** Whether images of a format are supported. */
export function isReadFormat(format: string): boolean {
  return isRead(format);
}

/** Recognises an image by its content, whatever the file's name; undefined if its format is unsupported. */
export function readImageHeader(bytes: Uint8Array): ImageHeader | undefined {
  const format = formatOf(bytes);
  if (!isRead(format)) return undefined;
  if (format === 'JPEG')
    return { format, pixels: readJpegHeader(bytes)?.components === 4 ? 'cmyk' : 'ordinary' };
  return { format, pixels: format === 'PNG' ? pngPixels(bytes) : 'ordinary' };
}

/** Bit depth and colour type lie in the first chunk, IHDR. */
function pngPixels(bytes: Uint8Array): ImageHeader['pixels'] {
  return bytes[24] === 16 && bytes[25] === 0 ? 'grey16' : 'ordinary';
}
