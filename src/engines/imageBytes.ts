import type { TensorData } from '../graph/tensorType.js';

/**
 * Images as bytes in place of an input [N, C, S, S] in f32, for an engine that crops, mirrors and normalises them itself. Value (n, c, y, x) is
 * `tables[256·c + byte]`; the byte is that of channel c of image n in row top + y and column left + x, or left + S − 1 − x where the
 * image is mirrored, and 0 outside of the image.
 */
export interface ImageBytes {
  /** [N, C, S, S] */
  readonly pixels: Uint8Array;
  /** [N, 3]: top, left, and 1 where the image is mirrored, else 0. */
  readonly placements: Int32Array;
  /** [C, 256]: the value of each byte. They stay the caller's. */
  readonly tables: Float32Array;
}

/** What stands for an input of a program. */
export type InputData = TensorData | ImageBytes;

/** Inputs by name. */
export type NamedInputs = Readonly<Record<string, InputData>>;

/** Whether an input is given as bytes. */
export function isImageBytes(data: InputData): data is ImageBytes {
  return 'placements' in data;
}

/** The arrays of an input. */
export function arraysOf(data: InputData): (TensorData | Uint8Array)[] {
  return isImageBytes(data) ? [data.pixels, data.placements, data.tables] : [data];
}

/** The values that bytes stand for, [N, C, S, S]. */
export function imagesOfBytes({ pixels, placements, tables }: ImageBytes): Float32Array<ArrayBuffer> {
  const channels = tables.length / 256;
  const planes = (placements.length / 3) * channels;
  const size = Math.sqrt(pixels.length / planes);
  const images = new Float32Array(pixels.length);
  let o = 0;
  for (let plane = 0; plane < planes; plane++) {
    const at = 3 * Math.floor(plane / channels);
    const [top, left, mirrored] = [placements[at]!, placements[at + 1]!, placements[at + 2]!];
    const table = tables.subarray(256 * (plane % channels));
    for (let y = top; y < top + size; y++)
      for (let i = 0; i < size; i++) {
        const x = left + (mirrored ? size - 1 - i : i);
        const isInside = y >= 0 && y < size && x >= 0 && x < size;
        images[o++] = table[isInside ? pixels[(plane * size + y) * size + x]! : 0]!;
      }
  }
  return images;
}

/** Images as numbers; those that are given as numbers are not copied. */
export function numbersOf(images: Float32Array | ImageBytes): Float32Array {
  return isImageBytes(images) ? imagesOfBytes(images) : images;
}
