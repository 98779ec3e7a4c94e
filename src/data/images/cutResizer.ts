import type { Interpolation } from '../preprocessing.js';
import type { Cut } from './geometry.js';
import type { RgbImage } from './image.js';
import { type AxisWeights, axisWeights, inputSpan, resampleColumns, resampleRows } from './resample.js';
import { type ResampleKernel, resampleKernel } from './resampleKernel.js';
import { resampleInVectors } from './resampleVectors.js';

/** Crops and resizes images, antialiased, bit for bit as Pillow does. Memory is reused. */
export class CutResizer {
  private rows = new Uint8ClampedArray(0);
  private readonly result: Uint8Array;

  /**
   * @param imageSize height and width of what is kept
   * @param kernel default: this thread's; null for the same without vectors, several times slower
   */
  constructor(
    imageSize: number,
    private readonly interpolation: Interpolation = 'bilinear',
    private readonly kernel: ResampleKernel | null = resampleKernel(),
  ) {
    this.result = new Uint8Array(3 * imageSize * imageSize);
  }

  /**
   * The kept part of a resized image: rows first, then columns, rounded to bytes between.
   *
   * @returns [S, S, 3], valid until the next call
   */
  resize(image: RgbImage, { columns, rows }: Cut): Uint8Array {
    const across = axisWeights(columns.input, columns.size, columns.wanted, this.interpolation);
    const down = axisWeights(rows.input, rows.size, rows.wanted, this.interpolation);
    if (this.kernel) resampleInVectors(this.kernel, this.result, image, across, down);
    else this.resample(image, across, down);
    return this.result;
  }

  private resample(image: RgbImage, across: AxisWeights, down: AxisWeights): void {
    const needed = inputSpan(down);
    const rowLength = 3 * across.starts.length;
    if (this.rows.length < needed.length * rowLength)
      this.rows = new Uint8ClampedArray(needed.length * rowLength);
    resampleRows(this.rows, image, needed, across);
    // A cubic filter goes beyond bytes at edges, where Pillow clips.
    const clamped = new Uint8ClampedArray(this.result.buffer);
    resampleColumns(clamped, { data: this.rows, rowLength }, needed.start, down);
  }
}
