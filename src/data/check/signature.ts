import type { RgbImage } from '../images/image.js';

const COLUMNS = 9;
const ROWS = 8;

/** A thumbnail of an image: brightness in 9×8 cells, from 0 to 255, row by row. */
export type Signature = Uint8Array;

/** Brightness of an image's cells, whose borders may lie within pixels. */
export function signatureOf({ data, width, height }: RgbImage): Signature {
  const [stepX, stepY] = [step(width), step(height)];
  const across = coverage(Math.floor(width / stepX), COLUMNS);
  const down = coverage(Math.floor(height / stepY), ROWS);
  const cells = new Float64Array(COLUMNS * ROWS);
  const line = new Float64Array(COLUMNS);
  for (const [y, rows] of down.entries()) {
    line.fill(0);
    for (const [x, columns] of across.entries()) {
      const i = 3 * (y * stepY * width + x * stepX);
      const brightness = data[i]! + data[i + 1]! + data[i + 2]!;
      for (const { cell, share } of columns) line[cell]! += share * brightness;
    }
    for (const { cell, share } of rows)
      for (let c = 0; c < COLUMNS; c++) cells[cell * COLUMNS + c]! += share * line[c]!;
  }
  return Uint8Array.from(cells, (sum) => Math.round(sum / 3));
}

/** For large images it is enough to sample every few pixels. */
const step = (size: number): number => Math.max(1, Math.floor(size / 256));

/** For each pixel along an axis: the cells that it lies in, with its share of each. */
function coverage(size: number, cells: number): { cell: number; share: number }[][] {
  return Array.from({ length: size }, (_, at) => {
    const [start, end] = [(at * cells) / size, ((at + 1) * cells) / size];
    const first = Math.floor(start);
    return Array.from({ length: Math.min(Math.ceil(end), cells) - first }, (_, i) => ({
      cell: first + i,
      share: Math.min(end, first + i + 1) - Math.max(start, first + i),
    }));
  });
}

/** Rows of cells that brighten from left to right, as 16 bits each for two rows: four numbers. */
export function bandsOf(signature: Signature): number[] {
  const bands = [0, 0, 0, 0];
  for (let row = 0; row < ROWS; row++)
    for (let column = 0; column + 1 < COLUMNS; column++) {
      const at = row * COLUMNS + column;
      const bit = signature[at]! < signature[at + 1]! ? 1 : 0;
      bands[row >> 1] = (bands[row >> 1]! << 1) | bit;
    }
  return bands;
}

/** Standard deviation of the cells below which an image has too little in it to be recognised. */
const FLAT = 8;
/** Largest mean difference between the cells of two copies of an image. */
const ALIKE = 3;

/** Whether an image has nearly the same brightness everywhere. */
export function isFlat(signature: Signature): boolean {
  const mean = signature.reduce((a, b) => a + b, 0) / signature.length;
  const variance = signature.reduce((sum, value) => sum + (value - mean) ** 2, 0) / signature.length;
  return variance < FLAT ** 2;
}

/** Whether two images look the same except for size, format and compression. */
export function areAlike(a: Signature, b: Signature): boolean {
  const most = ALIKE * a.length;
  let difference = 0;
  for (let i = 0; i < a.length && difference <= most; i++) difference += Math.abs(a[i]! - b[i]!);
  return difference <= most;
}
