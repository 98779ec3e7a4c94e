import { mirror } from '../augment/flips.js';
import { writeNormalised } from '../normalise.js';
import type { RgbImage } from './image.js';
import { type ResampleKernel, resampleKernel } from './resampleKernel.js';

/** Bytes from a pixel to the next one. */
const PIXEL = 3;

/**
 * Writes an image as normalised planes [C, H, W].
 *
 * @param image its bytes may change
 * @param tables of `normalisationTables`: 256 for each of 1 or 3 channels; of one channel, the first colour counts
 * @param isMirrored whether left becomes right
 * @param kernel default: this thread's; null for the same without WebAssembly
 */
export function writePlanes(
  out: Float32Array,
  image: RgbImage,
  tables: Float32Array,
  isMirrored = false,
  kernel: ResampleKernel | null = resampleKernel(),
): void {
  if (kernel && out.length === image.data.length) {
    writeByKernel(kernel, out, image, tables, isMirrored);
    return;
  }
  if (isMirrored) mirror(image);
  writeNormalised(out, image.data, tables);
}

function writeByKernel(
  kernel: ResampleKernel,
  out: Float32Array,
  { data, width, height }: RgbImage,
  tables: Float32Array,
  isMirrored: boolean,
): void {
  const tablesAt = 4 * out.length;
  const dataAt = tablesAt + tables.byteLength;
  const memory = kernel.memory(dataAt + data.length);
  new Float32Array(memory, tablesAt, tables.length).set(tables);
  new Uint8Array(memory, dataAt, data.length).set(data);
  kernel.normalise(0, dataAt, height, width, isMirrored ? -PIXEL : PIXEL, tablesAt);
  out.set(new Float32Array(memory, 0, out.length));
}
