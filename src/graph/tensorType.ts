/** Element types of a program's tensors: 32-bit floats everywhere but for class labels. */
export type DType = 'f32' | 'i32';

/** A static shape, outermost dimension first. Images are NCHW; a scalar is []. */
export type Shape = readonly number[];

/** Shape and element type of a tensor. */
export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Host-side contents of a tensor, row-major. */
export type TensorData = Float32Array | Int32Array;

/** A graph was built incorrectly: wrong shapes, unknown names. A programming error. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
}

/** Number of elements of a shape. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

/** Whether two shapes are the same. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dimension, axis) => dimension === b[axis]);
}

/** `[64, 3, 32, 32]` as text, for messages. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** `f32[64, 3, 32, 32]` as text, for messages. */
export function formatType(type: TensorType): string {
  return `${type.dtype}${formatShape(type.shape)}`;
}

/**
 * Shape of an elementwise operation on two tensors, by NumPy's broadcasting: shapes are aligned at
 * their last axis, and a dimension of 1 is repeated.
 *
 * @throws GraphError when two dimensions differ and neither is 1.
 */
export function broadcastShapes(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  const result: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const da = a[axis - rank + a.length] ?? 1;
    const db = b[axis - rank + b.length] ?? 1;
    if (da !== db && da !== 1 && db !== 1) {
      throw new GraphError(`shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast`);
    }
    result.push(da === 1 ? db : da);
  }
  return result;
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}
