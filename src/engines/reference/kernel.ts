import type { OpAttributes, OpKind } from '../../graph/op.js';
import { GraphError, type Shape } from '../../graph/tensorType.js';
import { isInt32Array } from '../../realms.js';

/** Float contents; kernels compute in double precision and round where they store. */
export type Floats = Float32Array | Float64Array;

/** Contents of a tensor, row-major. */
export type Values = Floats | Int32Array;

/** A tensor in memory. */
export interface Dense {
  readonly shape: Shape;
  readonly data: Values;
}

/**
 * Computes an operation. Shapes are those of its shape rule; outputs overlap no input, and whatever they
 * contain is overwritten.
 */
export type Kernel<K extends OpKind> = (
  attributes: OpAttributes[K],
  inputs: readonly Dense[],
  outputs: readonly Dense[],
) => void;

/** Kernels of some operations. */
export type Kernels<K extends OpKind> = { readonly [P in K]: Kernel<P> };

/** The contents of a tensor of floats. */
export function floats(tensor: Dense | undefined): Floats {
  if (!tensor || isInt32Array(tensor.data)) throw new GraphError('a kernel was given no floats');
  return tensor.data;
}

/** A shape of four axes. */
export function dimensions4(shape: Shape): readonly [number, number, number, number] {
  return shape as readonly [number, number, number, number];
}
