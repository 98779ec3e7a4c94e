import type { ConvGeometry, Pair, ShapeRules } from '../op.js';
import { emitOne, type GradientRules, type Tensor } from '../tensor.js';
import { formatShape, GraphError, type Shape } from '../tensorType.js';
import {
  expectFloats,
  expectInputs,
  expectPositive,
  expectRank,
  expectShape,
  expectWhole,
  f32,
} from './check.js';
import { sum } from './reduce.js';

type ConvKind = 'conv2d' | 'conv2dInputGrad' | 'conv2dWeightGrad';

/** Options of {@link conv2d}. */
export interface Conv2dOptions {
  /** Stride of the window, [height, width] or one number for both. Default 1. */
  readonly stride?: number | Pair;
  /** Zeros on each side. Default 0. */
  readonly padding?: number | Pair;
  /** Distance between kernel elements. Default 1. */
  readonly dilation?: number | Pair;
  /** Groups of channels; as many as channels for a depthwise convolution. Default 1. */
  readonly groups?: number;
}

/**
 * Two-dimensional convolution (cross-correlation, as in PyTorch).
 *
 * @param x [N, C, H, W]
 * @param weight [O, C/groups, kh, kw]
 * @param bias [O], or nothing
 * @returns [N, O, ⌊(H + 2·padding − dilation·(kh − 1) − 1)/stride⌋ + 1, likewise for W]
 */
export function conv2d(x: Tensor, weight: Tensor, bias?: Tensor, options: Conv2dOptions = {}): Tensor {
  const attributes = {
    stride: toPair(options.stride ?? 1),
    padding: toPair(options.padding ?? 0),
    dilation: toPair(options.dilation ?? 1),
    groups: options.groups ?? 1,
  };
  return emitOne('conv2d', attributes, bias ? [x, weight, bias] : [x, weight]);
}

/** One number for both axes, or the pair itself. */
export function toPair(size: number | Pair): Pair {
  return typeof size === 'number' ? [size, size] : size;
}

/** Output size of a sliding window along one axis: ⌊(size + 2·padding − kernel)/stride⌋ + 1. */
export function windowOutput(size: number, kernel: number, stride: number, padding: number): number {
  return Math.floor((size + 2 * padding - kernel) / stride) + 1;
}

/** Pixels that a kernel spans along one axis: dilation·(taps − 1) + 1. */
export function kernelSpan(taps: number, dilation: number): number {
  return dilation * (taps - 1) + 1;
}

/** Output shape of a convolution; throws GraphError when the shapes do not fit. */
export function convOutputShape(
  x: Shape,
  weight: Shape,
  { stride, padding, dilation, groups }: ConvGeometry,
): Shape {
  const [n, c, h, w] = x as [number, number, number, number];
  const [o, channels, kh, kw] = weight as [number, number, number, number];
  expectPositive('conv2d', 'stride, dilation and groups', [...stride, ...dilation, groups]);
  expectWhole('conv2d', 'padding', padding);
  if (c !== channels * groups || o % groups !== 0) {
    throw new GraphError(
      `conv2d: weight ${formatShape(weight)} in ${groups} groups does not fit input ${formatShape(x)}`,
    );
  }
  const span = [kernelSpan(kh, dilation[0]), kernelSpan(kw, dilation[1])] as const;
  const size = [
    windowOutput(h, span[0], stride[0], padding[0]),
    windowOutput(w, span[1], stride[1], padding[1]),
  ];
  if (size.some((s) => s < 1)) {
    const kernel = `${kh}×${kw}${Math.max(...dilation) > 1 ? ` of dilation ${dilation.join('×')}` : ''}`;
    throw new GraphError(`conv2d: kernel ${kernel} is larger than the padded input ${formatShape(x)}`);
  }
  return [n, o, ...size];
}

/** Shape rules of the convolutions. */
export const convShapes: ShapeRules<ConvKind> = {
  conv2d: (geometry, inputs) => {
    expectInputs('conv2d', inputs, 2, 3);
    expectFloats('conv2d', inputs);
    const weight = expectRank('conv2d', inputs, 1, 4);
    const output = convOutputShape(expectRank('conv2d', inputs, 0, 4), weight, geometry);
    if (inputs[2]) expectShape('conv2d', 'bias', inputs[2].shape, [weight[0]!]);
    return [f32(output)];
  },
  conv2dInputGrad: (attributes, inputs) => {
    expectInputs('conv2dInputGrad', inputs, 2);
    const output = convOutputShape(
      attributes.inputShape,
      expectRank('conv2dInputGrad', inputs, 1, 4),
      attributes,
    );
    expectShape('conv2dInputGrad', 'output gradient', inputs[0]!.shape, output);
    return [f32(attributes.inputShape)];
  },
  conv2dWeightGrad: (attributes, inputs) => {
    expectInputs('conv2dWeightGrad', inputs, 2);
    const output = convOutputShape(
      expectRank('conv2dWeightGrad', inputs, 1, 4),
      attributes.weightShape,
      attributes,
    );
    expectShape('conv2dWeightGrad', 'output gradient', inputs[0]!.shape, output);
    return [f32(attributes.weightShape)];
  },
};

/**
 * With y = x ∗ w + b: ∂L/∂x is the transposed convolution of ∂L/∂y with w, ∂L/∂w the correlation of x
 * with ∂L/∂y, ∂L/∂b the sum of ∂L/∂y over batch and image.
 */
export const convGradients: GradientRules<ConvKind> = {
  conv2d: ({ attributes, inputs }, [dy]) => {
    const [x, weight, bias] = inputs as [Tensor, Tensor, Tensor?];
    const dx = emitOne('conv2dInputGrad', { ...attributes, inputShape: x.shape }, [dy!, weight]);
    const dw = emitOne('conv2dWeightGrad', { ...attributes, weightShape: weight.shape }, [dy!, x]);
    return bias ? [dx, dw, sum(dy!, [0, 2, 3])] : [dx, dw];
  },
  conv2dInputGrad: { unsupported: 'second derivatives are not supported' },
  conv2dWeightGrad: { unsupported: 'second derivatives are not supported' },
};
