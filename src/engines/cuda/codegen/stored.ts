import { type Shape, sameShape, sizeOf, stridesOf } from '../../../graph/tensorType.js';
import type { StorageType } from '../device.js';
import type { PlanBuffer } from '../plan/buffer.js';

/** A tensor in a buffer, with any strides. */
export interface Stored {
  readonly buffer: PlanBuffer;
  /** Of the first element, in elements. */
  readonly offset: number;
  readonly type: StorageType;
  readonly shape: Shape;
  /** In elements; 0 repeats. */
  readonly strides: Shape;
}

/** Strides of a dense tensor: images and filters with the channel last, [N,H,W,C], everything else row-major. */
export function nativeStrides(shape: Shape): Shape {
  if (shape.length !== 4) return stridesOf(shape);
  const [, channels, height, width] = shape as readonly [number, number, number, number];
  return [height * width * channels, 1, width * channels, channels];
}

/** Whether elements lie one after the other without gaps, in the order of {@link nativeStrides}. */
export function isNative({ shape, strides }: Stored): boolean {
  return sameStrides(shape, strides, nativeStrides(shape));
}

/** Whether two tensors of one shape lie in the same way; strides of axes of size 1 are of no account. */
export function sameStrides(shape: Shape, a: Shape, b: Shape): boolean {
  return shape.every((size, axis) => size === 1 || a[axis] === b[axis]);
}

/** Axes with more than one element, from the outermost in memory to the innermost. */
export function axesByStride({ shape, strides }: Pick<Stored, 'shape' | 'strides'>): number[] {
  const axes = shape.map((_, axis) => axis).filter((axis) => shape[axis]! > 1);
  return axes.sort((a, b) => strides[b]! - strides[a]!);
}

/** The same memory as another shape, if strides can say so. */
export function reshaped(stored: Stored, shape: Shape): Stored | undefined {
  const { shape: from, strides } = stored;
  const axes = from.map((_, axis) => axis).filter((axis) => from[axis]! > 1);
  const sizes = axes.map((axis) => from[axis]!);
  if (
    sameShape(
      sizes,
      shape.filter((size) => size > 1),
    )
  ) {
    const kept = axes.map((axis) => strides[axis]!);
    return { ...stored, shape, strides: shape.map((size) => (size > 1 ? kept.shift()! : 0)) };
  }
  if (!sameStrides(from, strides, stridesOf(from)) || sizeOf(from) !== sizeOf(shape)) return undefined;
  return { ...stored, shape, strides: stridesOf(shape) };
}
