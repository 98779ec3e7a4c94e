import type { Interpolation } from '../preprocessing.js';
import type { Cut } from './geometry.js';
import type { RgbImage } from './image.js';
import { axisWeights, inputSpan, resampleColumns, resampleRows } from './resample.js';

/** Crops and resizes images, antialiased, bit for bit as Pillow does. Memory is reused. */
export class CutResizer {
  private rows = new Uint8ClampedArray(0);
  private readonly result: Uint8Array;
  /** The same memory; a cubic filter goes beyond bytes at edges, where Pillow clips. */
  private readonly clamped: Uint8ClampedArray;

  /** @param imageSize height and width of what is kept */
  constructor(
    imageSize: number,
    private readonly interpolation: Interpolation = 'bilinear',
  ) {
    this.result = new Uint8Array(3 * imageSize * imageSize);
    this.clamped = new Uint8ClampedArray(this.result.buffer);
  }

  /**
   * The kept part of a resized image: rows first, then columns, rounded to bytes between.
   *
   * @returns [S, S, 3], valid until the next call
   */
  resize(image: RgbImage, { columns, rows }: Cut): Uint8Array {
    const across = axisWeights(columns.input, columns.size, columns.wanted, this.interpolation);
    const down = axisWeights(rows.input, rows.size, rows.wanted, this.interpolation);
    const needed = inputSpan(down);
    const rowLength = 3 * columns.wanted.length;
    if (this.rows.length < needed.length * rowLength)
      this.rows = new Uint8ClampedArray(needed.length * rowLength);
    resampleRows(this.rows, image, needed, across);
    resampleColumns(this.clamped, { data: this.rows, rowLength }, needed.start, down);
    return this.result;
  }
}
