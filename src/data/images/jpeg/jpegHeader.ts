/** What a JPEG says before its image data. */
export interface JpegHeader {
  /** Marker of its frame header, 0xc0 to 0xcf: how the image is coded; 0xc0 and 0xc1 are sequential Huffman codes. */
  readonly frame: number;
  /** Bits of a sample. */
  readonly precision: number;
  readonly components: number;
  /** Whether there is EXIF data, which may hold an orientation. */
  readonly hasExif: boolean;
}

const SCAN = 0xda;
const APP1 = 0xe1;
/** DHT, JPG and DAC, which lie between the markers of frames. */
const NO_FRAMES = [0xc4, 0xc8, 0xcc];

/** Walks the segments before the image data; undefined where there is no frame header among them. */
export function readJpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  let frame: Omit<JpegHeader, 'hasExif'> | undefined;
  let hasExif = false;
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff && bytes[at + 1] !== SCAN; ) {
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker >= 0xc0 && marker <= 0xcf && !NO_FRAMES.includes(marker))
      frame ??= { frame: marker, precision: bytes[at + 4]!, components: bytes[at + 9]! };
    if (marker === APP1 && isExif(bytes, at + 4)) hasExif = true;
    at += 2 + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
  }
  return frame && { ...frame, hasExif };
}

function isExif(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x45 && bytes[at + 1] === 0x78 && bytes[at + 2] === 0x69 && bytes[at + 3] === 0x66;
}
