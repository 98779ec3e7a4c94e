import type { Shape } from '../../graph/tensorType.js';

/** An address or a handle of the native library; below 2^53, so that a number holds it. */
export type Pointer = number;

/** Element types that the engine uses. `u8` holds workspaces and scratchpads. */
export type ElementType = 'f32' | 'bf16' | 'i32' | 'u8';

/** Bytes of an element. */
export const elementBytes: { readonly [T in ElementType]: number } = { f32: 4, bf16: 2, i32: 4, u8: 1 };

/**
 * Shape, element type and layout of a tensor in memory, or of one whose layout the library chooses
 * (`any`). Immutable.
 */
export interface MemoryDesc {
  /** Logical shape, in the graph's order of axes (NCHW). */
  readonly shape: Shape;
  readonly type: ElementType;
  /** Bytes of memory that a tensor of this layout covers, from its first element. */
  readonly bytes: number;
  /** Equal for equal descriptors, and only for them. */
  readonly key: string;
  /** Layout, human-readable: `abcd` (row-major), `acdb` (channels last), `aBcd16b`, … */
  readonly layout: string;
  /** Distance in elements between neighbours along each axis, where the layout has no blocks. */
  readonly strides: Shape | undefined;
}
