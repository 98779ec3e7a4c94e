import type { Shape } from '../../graph/tensorType.js';

/** An address or a handle of the native library; below 2^53, so that a number holds it. */
export type Pointer = number;

/** Element types that the engine uses. `u8` holds workspaces and scratchpads. */
export type ElementType = 'f32' | 'bf16' | 'i32' | 'u8';

/** Bytes of an element. */
export const elementBytes: { readonly [T in ElementType]: number } = { f32: 4, bf16: 2, i32: 4, u8: 1 };

/**
 * Shape, element type and layout of a tensor in memory, or of one whose layout the library is to choose
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
  /** Layout, for a person: `abcd` (row-major), `acdb` (channels last), `aBcd16b`, … */
  readonly layout: string;
  /** Distance in elements between neighbours along each axis, where the layout has no blocks. */
  readonly strides: Shape | undefined;
}

/** Numbers by which the library knows a primitive's arguments (`DNNL_ARG_*`). */
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

/** Functions of one number that the library knows; α and β as in its documentation. */
export type EltwiseFunction =
  | 'relu'
  | 'reluFromDst'
  | 'logistic'
  | 'logisticFromDst'
  | 'hardswish'
  | 'linear'
  | 'clip'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'abs'
  | 'square';

/** Functions of two tensors. */
export type BinaryAlgorithm =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'min'
  | 'max'
  | 'equal'
  | 'less'
  | 'greater'
  | 'greaterOrEqual';

/** What is applied to a primitive's result before it is stored. */
export type PostOp =
  /** dst = scale·(what dst holds) + result. */
  | { readonly kind: 'sum'; readonly scale: number }
  | { readonly kind: 'eltwise'; readonly fn: EltwiseFunction; readonly alpha: number; readonly beta: number };

/** Strides and padding of a window: [height, width] each. Padding may differ between the sides. */
export interface Window {
  readonly strides: readonly [number, number];
  readonly paddingBegin: readonly [number, number];
  readonly paddingEnd: readonly [number, number];
}

interface Attributes {
  readonly postOps?: readonly PostOp[];
}

/** `winograd`: F(4×4, 3×3) of Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2016). */
export type ConvAlgorithm = 'direct' | 'winograd';

/** Weights have a leading axis of groups, [G, O/G, C/G, kh, kw], where there are groups. */
export interface ConvSpec extends Attributes, Window {
  readonly kind: 'convolution';
  readonly pass: 'training' | 'inference' | 'inputGradient' | 'weightGradient';
  /** Default `direct`. */
  readonly algorithm?: ConvAlgorithm;
  /** The picture side: x, or its gradient. */
  readonly src: MemoryDesc;
  readonly weights: MemoryDesc;
  readonly bias?: MemoryDesc | undefined;
  /** The result side: y, or its gradient. */
  readonly dst: MemoryDesc;
}

/** Batch normalisation, optionally with a ReLU at its end. */
export interface BatchNormSpec extends Attributes {
  readonly kind: 'batchNorm';
  readonly pass: 'training' | 'inference' | 'gradient';
  readonly data: MemoryDesc;
  /** Layout of both gradients. */
  readonly diff?: MemoryDesc;
  readonly epsilon: number;
  readonly relu: boolean;
  /** The forward primitive, for `gradient`. */
  readonly forward?: Primitive;
}

/** A function of one number. */
export interface EltwiseSpec extends Attributes {
  readonly kind: 'eltwise';
  readonly pass: 'forward' | 'gradient';
  readonly fn: EltwiseFunction;
  readonly alpha: number;
  readonly beta: number;
  readonly data: MemoryDesc;
  readonly diff?: MemoryDesc;
}

/** A function of two tensors, of which b may have axes of 1. */
export interface BinarySpec extends Attributes {
  readonly kind: 'binary';
  readonly fn: BinaryAlgorithm;
  readonly a: MemoryDesc;
  readonly b: MemoryDesc;
  readonly dst: MemoryDesc;
}

/** Σ scaleᵢ·srcᵢ. */
export interface SumSpec extends Attributes {
  readonly kind: 'sum';
  readonly scales: readonly number[];
  readonly sources: readonly MemoryDesc[];
  readonly dst: MemoryDesc;
}

/** A copy into another layout or element type. */
export interface ReorderSpec extends Attributes {
  readonly kind: 'reorder';
  readonly src: MemoryDesc;
  readonly dst: MemoryDesc;
}

/** Average pooling; padding counts in the average. */
export interface PoolingSpec extends Attributes, Window {
  readonly kind: 'pooling';
  readonly pass: 'training' | 'inference' | 'gradient';
  readonly src: MemoryDesc;
  readonly dst: MemoryDesc;
  readonly kernel: readonly [number, number];
  /** The forward primitive, for `gradient`. */
  readonly forward?: Primitive;
}

/** Matrix product [M, K]·[K, N]. */
export interface MatmulSpec extends Attributes {
  readonly kind: 'matmul';
  readonly a: MemoryDesc;
  readonly b: MemoryDesc;
  readonly bias?: MemoryDesc | undefined;
  readonly dst: MemoryDesc;
}

/** Rows [N, K], each made of mean 0 and variance 1; the statistics [N] are results, too, the variance biased. */
export interface LayerNormSpec extends Attributes {
  readonly kind: 'layerNorm';
  readonly data: MemoryDesc;
  readonly statistics: MemoryDesc;
  readonly epsilon: number;
}

/** What a primitive is to compute. */
export type PrimitiveSpec =
  | ConvSpec
  | BatchNormSpec
  | EltwiseSpec
  | BinarySpec
  | SumSpec
  | ReorderSpec
  | PoolingSpec
  | MatmulSpec
  | LayerNormSpec;

/** Which of a primitive's descriptors is asked for. */
export type DescRole =
  | 'src'
  | 'weights'
  | 'dst'
  | 'diffSrc'
  | 'diffWeights'
  | 'diffDst'
  | 'workspace'
  | 'scratchpad';

/** A computation that the library has prepared for given descriptors. */
export interface Primitive {
  readonly handle: Pointer;
  /** The descriptor that a later primitive takes as its hint. */
  readonly descHandle: Pointer;
  /** Name of the implementation that the library chose. */
  readonly implementation: string;
  /** The layout that was chosen for an argument; undefined where there is none. */
  desc(role: DescRole): MemoryDesc | undefined;
}

/** In what the versions differ beyond their C API. */
export interface DnnlTraits {
  /** Whether there are Winograd convolutions, which version 3 dropped. */
  readonly winograd: boolean;
  /** Whether the gradient of batch normalisation asks for the shift, of which it does not depend. */
  readonly shiftInGradient: boolean;
  /**
   * Whether the library, left to choose a layout, takes slow code for input gradients of strided depthwise
   * convolutions (versions 3.7 and 3.12: 93 ms a step of ShuffleNetV2 0.5 in bf16, in blocks 1.5).
   */
  readonly slowStridedDepthwise: boolean;
}

/**
 * The part of oneDNN's C API that the engine uses, whichever version stands behind it. What is made lives
 * until {@link Dnnl.close}.
 */
export interface Dnnl {
  /** `2.6.3` */
  readonly version: string;
  readonly traits: DnnlTraits;
  /** A layout given by strides in elements; default row-major. */
  strided(shape: Shape, type: ElementType, strides?: Shape): MemoryDesc;
  /** A layout that the library is to choose. */
  any(shape: Shape, type: ElementType): MemoryDesc;
  /** nChw16c, the layout in blocks of 16 channels that AVX512 code likes. */
  blocked16(shape: Shape, type: ElementType): MemoryDesc;
  /** Part of a tensor; undefined where the layout has no descriptor for it (a block cut through). */
  part(whole: MemoryDesc, shape: Shape, offsets: Shape): MemoryDesc | undefined;
  /** The same memory as another shape; undefined where the layout does not allow it. */
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
