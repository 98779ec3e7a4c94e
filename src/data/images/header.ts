/** What the first bytes of an encoded image say. */
export interface ImageHeader {
  readonly format: 'JPEG' | 'PNG' | 'WebP';
  /**
   * How the pixels are stored, where that matters for turning them into RGB: `cmyk` (a JPEG of four
   * components), `grey16` (a PNG with 16 bits of grey and no alpha), else `ordinary`.
   */
  readonly pixels: 'ordinary' | 'cmyk' | 'grey16';
}

const startsWith = (bytes: Uint8Array, text: string, at = 0): boolean =>
  [...text].every((character, i) => bytes[at + i] === character.charCodeAt(0));

/** Recognises an image by its content, whatever its file is called; undefined if it is none of JPEG, PNG and WebP. */
export function readImageHeader(bytes: Uint8Array): ImageHeader | undefined {
  if (startsWith(bytes, '\xff\xd8\xff')) return { format: 'JPEG', pixels: jpegPixels(bytes) };
  if (startsWith(bytes, '\x89PNG\r\n\x1a\n')) return { format: 'PNG', pixels: pngPixels(bytes) };
  if (startsWith(bytes, 'RIFF') && startsWith(bytes, 'WEBP', 8))
    return { format: 'WebP', pixels: 'ordinary' };
  return undefined;
}

/** Bit depth and colour type lie in the first chunk, IHDR. */
function pngPixels(bytes: Uint8Array): ImageHeader['pixels'] {
  return bytes[24] === 16 && bytes[25] === 0 ? 'grey16' : 'ordinary';
}

/** Walks the segments up to the frame header, whose tenth byte is the number of components. */
function jpegPixels(bytes: Uint8Array): ImageHeader['pixels'] {
  for (let at = 2; at + 9 < bytes.length; ) {
    if (bytes[at] !== 0xff) break;
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    // SOF0 to SOF15, without DHT, JPG and DAC, which lie between.
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return bytes[at + 9] === 4 ? 'cmyk' : 'ordinary';
    at += 2 + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
  }
  return 'ordinary';
}
