import type { MemoryDesc, Pointer } from './memoryDesc.js';

/** The library's functions of one number; α and β as in its documentation. */
export type EltwiseFunction =
  | 'relu'
  | 'reluFromDst'
  | 'tanh'
  | 'tanhFromDst'
  | 'swish'
  | 'gelu'
  | 'logistic'
  | 'logisticFromDst'
  | 'hardswish'
  | 'linear'
  | 'clip'
  | 'clipBetween'
  | 'clipBetweenFromDst'
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

/** What pooling computes of a window. */
export type PoolingAlgorithm = 'average' | 'maximum';

/** Reductions; the axes where the result has size 1 are reduced. */
export type ReductionAlgorithm = 'sum' | 'max' | 'min';

/** Operation applied to a primitive's result before it is stored (post-op). */
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
  /** Distance between kernel elements. */
  readonly dilation: readonly [number, number];
  /** The image side: x, or its gradient. */
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

/** Pooling; padding counts in the average, and is −∞ to a maximum. */
export interface PoolingSpec extends Attributes, Window {
  readonly kind: 'pooling';
  readonly fn: PoolingAlgorithm;
  readonly pass: 'training' | 'inference' | 'gradient';
  readonly src: MemoryDesc;
  readonly dst: MemoryDesc;
  readonly kernel: readonly [number, number];
  /** The forward primitive, for `gradient`. */
  readonly forward?: Primitive;
}

/** Matrix product [M, K]·[K, N], or of several of each, [B, M, K]·[B, K, N]. */
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

/** A reduction over the axes where `dst` has size 1. */
export interface ReductionSpec extends Attributes {
  readonly kind: 'reduction';
  readonly fn: ReductionAlgorithm;
  readonly src: MemoryDesc;
  readonly dst: MemoryDesc;
}

/** Logarithm of the softmax of each row [N, K]. */
export interface LogSoftmaxSpec extends Attributes {
  readonly kind: 'logSoftmax';
  readonly data: MemoryDesc;
}

/** Specification of a primitive. */
export type PrimitiveSpec =
  | ConvSpec
  | BatchNormSpec
  | EltwiseSpec
  | BinarySpec
  | SumSpec
  | ReorderSpec
  | PoolingSpec
  | MatmulSpec
  | LayerNormSpec
  | ReductionSpec
  | LogSoftmaxSpec;

/** Which of a primitive's descriptors is queried. */
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
