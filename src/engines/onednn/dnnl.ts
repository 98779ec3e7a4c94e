import type { Shape } from '../../graph/tensorType.js';
import type { ElementType, MemoryDesc, Pointer } from './memoryDesc.js';
import type { Primitive, PrimitiveSpec } from './primitiveSpec.js';

/** Numbers of a primitive's arguments (`DNNL_ARG_*`). */
export const ARG = {
  src: 1,
  src1: 2,
  dst: 17,
  weights: 33,
  bias: 41,
  mean: 49,
  variance: 50,
  scale: 51,
  shift: 52,
  workspace: 64,
  scratchpad: 80,
  diffSrc: 129,
  diffDst: 145,
  diffWeights: 161,
  diffBias: 169,
  diffScale: 255,
  diffShift: 256,
  /** First of a list of sources (`concat`, `sum`). */
  multipleSrc: 1024,
} as const;

/** Channels of a block: as many as a vector register holds, with AVX512 16, before it 8. */
export type Block = 8 | 16;

/** Layouts in blocks: of images (nChw8c, nChw16c), of weights in blocks of as many inputs and outputs, and of those in pairs of channels. */
export type LayoutName =
  | `aBcd${Block}b`
  | `Abcde${Block}a`
  | `ABcd${'8b8a' | '8a8b' | '16b16a' | '16a16b' | '8b16a2b'}`
  | 'BAcd8a16b2a';

/** Differences between the versions beyond their C API. */
export interface DnnlTraits {
  /** Whether there are Winograd convolutions, which version 3 dropped. */
  readonly winograd: boolean;
  /** Whether the gradient of batch normalisation requires the shift, on which it does not depend. */
  readonly shiftInGradient: boolean;
  /**
   * Whether the library, if it chooses the layout, takes slow code for input gradients of strided depthwise
   * convolutions (versions 3.7 and 3.12: 93 ms a step of ShuffleNetV2 0.5 in bf16, in blocks 1.5).
   */
  readonly slowStridedDepthwise: boolean;
}

/**
 * The part of oneDNN's C API that the engine uses, for any version. Created objects live until {@link
 * Dnnl.close}.
 */
export interface Dnnl {
  /** `2.6.3` */
  readonly version: string;
  readonly traits: DnnlTraits;
  /** A layout given by strides in elements; default row-major. */
  strided(shape: Shape, type: ElementType, strides?: Shape): MemoryDesc;
  /** A layout that the library chooses. */
  any(shape: Shape, type: ElementType): MemoryDesc;
  /** A layout in blocks, by the library's name. */
  named(shape: Shape, type: ElementType, name: LayoutName): MemoryDesc;
  /** Part of a tensor; undefined if the layout has no descriptor for it (a block would be cut). */
  part(whole: MemoryDesc, shape: Shape, offsets: Shape): MemoryDesc | undefined;
  /** The same memory as another shape; undefined if the layout does not allow it. */
  reshape(desc: MemoryDesc, shape: Shape): MemoryDesc | undefined;
  /**
   * Prepares a primitive; scratchpads are the caller's.
   *
   * @throws DnnlError that names the primitive and the shapes
   */
  primitive(spec: PrimitiveSpec): Primitive;
  /** A tensor at an address. */
  memory(desc: MemoryDesc, address: Pointer): Pointer;
  /** Frees a primitive or a tensor's handle. */
  release(what: Primitive): void;
  releaseMemory(memory: Pointer): void;
  /**
   * Executes a primitive and waits for its end.
   *
   * @param count of the arguments at `args`, which are `dnnl_exec_arg_t`s
   */
  execute(primitive: Pointer, count: number, args: Pointer): number;
  /** Meaning of a status other than 0. */
  statusText(status: number): string;
  /** Frees the engine and the stream. */
  close(): void;
}

/** oneDNN refused or failed; the message names the primitive and its shapes. */
export class DnnlError extends Error {
  override readonly name = 'DnnlError';
}
