import type { Cut } from './geometry.js';
import type { RgbImage } from './image.js';
import { bilinearWeights, inputSpan, resampleColumns, resampleRows } from './resample.js';

/** Crops and resizes images, with antialiased bilinear interpolation, bit for bit as Pillow does. Memory is reused. */
export class CutResizer {
  private rows = new Uint8Array(0);
  private readonly result: Uint8Array;

  /** @param imageSize height and width of what is kept */
  constructor(imageSize: number) {
    this.result = new Uint8Array(3 * imageSize * imageSize);
  }

  /**
   * The kept part of a resized image: rows first, then columns, rounded to bytes between.
   *
   * @returns [S, S, 3], valid until the next call
   */
  resize(image: RgbImage, { columns, rows }: Cut): Uint8Array {
    const across = bilinearWeights(columns.input, columns.size, columns.wanted);
    const down = bilinearWeights(rows.input, rows.size, rows.wanted);
    const needed = inputSpan(down);
    const rowLength = 3 * columns.wanted.length;
    if (this.rows.length < needed.length * rowLength) this.rows = new Uint8Array(needed.length * rowLength);
    resampleRows(this.rows, image, needed, across);
    resampleColumns(this.result, { data: this.rows, rowLength }, needed.start, down);
    return this.result;
  }
}
