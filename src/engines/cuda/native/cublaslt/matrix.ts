import type { StridedTensor } from '../../device.js';

/** A row-major matrix, transposed or not, as one that is column by column. */
export function columnMajor({ shape, strides }: StridedTensor): {
  readonly rows: number;
  readonly columns: number;
  readonly leading: number;
  readonly isTransposed: boolean;
} {
  const [height, width] = [shape[0]!, shape[1]!];
  const [down, right] = [strides[0]!, strides[1]!];
  if (right === 1 || width === 1)
    return { rows: width, columns: height, leading: Math.max(down, width), isTransposed: false };
  return { rows: height, columns: width, leading: Math.max(right, height), isTransposed: true };
}

/** The same numbers with rows and columns exchanged. */
export function transpose({ type, shape, strides }: StridedTensor): StridedTensor {
  return { type, shape: [shape[1]!, shape[0]!], strides: [strides[1]!, strides[0]!] };
}
