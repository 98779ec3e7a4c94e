import type { ConvGeometry } from '../../../graph/op.js';
import type { ConvShapes } from '../lowering/convShapes.js';
import type { ElementType } from '../memoryDesc.js';
import type { Place } from '../plan/place.js';
import type { ConvAlgorithm, ConvSpec } from '../primitiveSpec.js';

/** A convolution or one of its gradients, and where its operands are, on which the fastest way to compute it depends. */
export interface Convolution {
  readonly pass: Exclude<ConvSpec['pass'], 'inference'>;
  readonly geometry: ConvGeometry;
  readonly shapes: ConvShapes;
  /** Whether a bias is added, or its gradient is wanted, too. */
  readonly hasBias: boolean;
  /** What a forward pass ends with. */
  readonly activation: 'none' | 'relu' | 'other';
  /** Whether a forward pass adds another value to its result, before the activation. */
  readonly hasAddend: boolean;
  /** What is read: x and the weight, dy and the weight, or x and dy. */
  readonly operands: readonly [Place, Place];
  /** Whether the weight is the same in every run, so that its layout is changed once. */
  readonly isWeightFixed: boolean;
  /** Whether a normalisation reads the result, which it wants in blocks. */
  readonly isNormalised: boolean;
}

/** The library's own convolution: which algorithm, in which type, and whether it or the plan chooses the images' layout. */
export interface LibraryWay {
  readonly kind: 'library';
  readonly algorithm: ConvAlgorithm;
  readonly type: ElementType;
  readonly layout: 'any' | 'images';
}

/**
 * The library's matrix product of the windows of all pixels; `turned`: of the transposed result; `filled`: with channels filled up
 * to whole tiles (`filledUp`).
 */
export interface ProductWay {
  readonly kind: 'product';
  readonly type: ElementType;
  readonly turned: boolean;
  readonly filled: boolean;
}

/** Winograd's algorithm by our own transforms. */
export interface OwnWinogradWay {
  readonly kind: 'ownWinograd';
}

/** A depthwise convolution by our own kernels. */
export interface OwnDepthwiseWay {
  readonly kind: 'ownDepthwise';
  readonly type: 'f32' | 'bf16';
}

/** A wide depthwise weight gradient, in windows of 3×3 taps. */
export interface DepthwiseWindowsWay {
  readonly kind: 'depthwiseWindows';
}

/** A 1×1 convolution by our own kernels: in f32 its weight gradient alone. */
export interface OwnPointwiseWay {
  readonly kind: 'ownPointwise';
  readonly type: 'f32' | 'bf16';
}

/** How a convolution is computed. */
export type ConvWay =
  | LibraryWay
  | ProductWay
  | OwnWinogradWay
  | OwnDepthwiseWay
  | OwnPointwiseWay
  | DepthwiseWindowsWay;

/** Chooses how convolutions are computed. */
export interface Ways {
  choose(convolution: Convolution): ConvWay;
}

/** A way's name, for files and people: `winograd f32`. Different ways have different names. */
export function nameOfWay(way: ConvWay): string {
  switch (way.kind) {
    case 'library':
      return `${way.algorithm} ${way.type}${way.layout === 'images' ? ' in blocks' : ''}`;
    case 'product':
      return `product ${way.type}${way.turned ? ' turned' : ''}${way.filled ? ' filled up' : ''}`;
    case 'ownWinograd':
      return 'own winograd f32';
    case 'ownDepthwise':
      return `own depthwise ${way.type}`;
    case 'depthwiseWindows':
      return 'windows';
    case 'ownPointwise':
      return `own pointwise ${way.type}`;
  }
}

/**
 * Says all that the choice depends on, besides the machine and the library.
 *
 * @param activation element type of the program's convolutions
 */
export function keyOf(convolution: Convolution, activation: ElementType): string {
  const { pass, geometry, shapes, operands } = convolution;
  const { stride, padding, dilation, groups } = geometry;
  return [
    pass,
    activation,
    `x ${shapes.x.join('×')}`,
    `weight ${shapes.weight.join('×')}`,
    `stride ${stride.join('×')}`,
    `padding ${padding.join('×')}`,
    `dilation ${dilation.join('×')}`,
    `groups ${groups}`,
    ...operands.map(({ desc: { type, layout } }) => `${type} ${layout}`),
    ...(convolution.hasBias ? ['bias'] : []),
    ...(convolution.hasAddend ? ['addend'] : []),
    ...(convolution.activation === 'none' ? [] : [`activation ${convolution.activation}`]),
    ...(convolution.isWeightFixed ? ['fixed weight'] : []),
    ...(convolution.isNormalised ? ['normalised'] : []),
  ].join(', ');
}
