/** Adaptive average pooling with windows of several sizes, which the library's pooling lacks: one matrix product. */
import type { Pair } from '../../../graph/op.js';
import { adaptiveWindow } from '../../../graph/ops/pooling.js';
import type { ValueId } from '../../../graph/program.js';
import { type Shape, sizeOf } from '../../../graph/tensorType.js';
import type { Draft } from '../plan/draft.js';
import { matrix, product } from './products.js';

/** Most weights of the product; 16 MB. */
const MOST_WEIGHTS = 2 ** 22;

/** Whether the product's weights, pixels × windows, take a bearable amount of memory. */
export function fitsProduct([, , height, width]: Shape, outputSize: Pair): boolean {
  return height! * width! * sizeOf(outputSize) <= MOST_WEIGHTS;
}

/** The share of each pixel in each window, [pixels, windows]. */
function sharesOf([height, width]: Pair, [rows, columns]: Pair): Float32Array {
  const shares = new Float32Array(height * width * rows * columns);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) {
      const [top, bottom] = adaptiveWindow(i, height, rows);
      const [left, right] = adaptiveWindow(j, width, columns);
      const share = 1 / ((bottom - top) * (right - left));
      for (let y = top; y < bottom; y++)
        for (let x = left; x < right; x++) shares[(y * width + x) * rows * columns + i * columns + j] = share;
    }
  return shares;
}

function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      turned[column * rows + row] = values[row * columns + column]!;
  return turned;
}

/** x [N, C, H, W] → y [N, C, rows, columns]: images as rows of a matrix, times their pixels' shares. */
export function poolUnevenly(draft: Draft, x: ValueId, y: ValueId, outputSize: Pair): void {
  const [n, c, height, width] = draft.shapeOf(x) as [number, number, number, number];
  const [pixels, windows] = [height * width, sizeOf(outputSize)];
  const shares = draft.steps.constant(
    draft.layouts.rowMajor([pixels, windows]),
    sharesOf([height, width], outputSize),
  );
  const pooled = product(draft, matrix(draft, draft.places.plain(x), n * c, pixels), shares);
  draft.places.define(y, { ...pooled, desc: draft.layouts.rowMajor(draft.shapeOf(y)) });
}

/** The gradient of {@link poolUnevenly}: each pixel takes its shares of the windows' gradients. */
export function spreadUnevenly(draft: Draft, dy: ValueId, dx: ValueId, outputSize: Pair): void {
  const [n, c, height, width] = draft.shapeOf(dx) as [number, number, number, number];
  const [pixels, windows] = [height * width, sizeOf(outputSize)];
  const shares = transposed(sharesOf([height, width], outputSize), pixels, windows);
  const weights = draft.steps.constant(draft.layouts.rowMajor([windows, pixels]), shares);
  const spread = product(draft, matrix(draft, draft.places.plain(dy), n * c, windows), weights);
  draft.places.define(dx, { ...spread, desc: draft.layouts.rowMajor(draft.shapeOf(dx)) });
}
