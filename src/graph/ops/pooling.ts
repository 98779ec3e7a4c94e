import type { Pair, PoolGeometry, ShapeRules } from '../op.js';
import { emitOne, type GradientRules, type Tensor } from '../tensor.js';
import { formatShape, GraphError, type TensorType } from '../tensorType.js';
import {
  expectFloats,
  expectInputs,
  expectPositive,
  expectRank,
  expectShape,
  expectWhole,
  f32,
} from './check.js';
import { toPair, windowOutput } from './conv.js';
import { mean } from './reduce.js';

type PoolKind =
  | 'avgPool2d'
  | 'avgPool2dGrad'
  | 'maxPool2d'
  | 'maxPool2dGrad'
  | 'adaptiveAvgPool2d'
  | 'adaptiveAvgPool2dGrad';

/** Options of sliding pooling, [height, width] or one number for both. */
export interface Pool2dOptions {
  /** Steps of the window. Default: the kernel. */
  readonly stride?: number | Pair;
  /** Rows and columns on each side. Default 0. */
  readonly padding?: number | Pair;
}

function poolGeometry(kernel: number | Pair, { stride = kernel, padding = 0 }: Pool2dOptions): PoolGeometry {
  return { kernel: toPair(kernel), stride: toPair(stride), padding: toPair(padding) };
}

/**
 * Average pooling of x [N, C, H, W]; padding counts in the average (PyTorch's default).
 *
 * @throws GraphError when the padding is more than half of the kernel
 */
export function avgPool2d(x: Tensor, kernel: number | Pair, options: Pool2dOptions = {}): Tensor {
  return emitOne('avgPool2d', poolGeometry(kernel, options), [x]);
}

/**
 * The maximum of each window of x [N, C, H, W]; padding is −∞. Among equal ones the first, row by row, gets
 * the gradient, as in PyTorch.
 *
 * @throws GraphError when the padding is more than half of the kernel
 */
export function maxPool2d(x: Tensor, kernel: number | Pair, options: Pool2dOptions = {}): Tensor {
  return emitOne('maxPool2d', poolGeometry(kernel, options), [x]);
}

/** Average over each whole image: x [N, C, H, W] → [N, C, 1, 1]. */
export function globalAvgPool2d(x: Tensor): Tensor {
  return mean(x, [2, 3], true);
}

/** Average pooling to a given size, also where it does not divide the input's (PyTorch's windows, which may overlap). */
export function adaptiveAvgPool2d(x: Tensor, outputSize: number | Pair): Tensor {
  return emitOne('adaptiveAvgPool2d', { outputSize: toPair(outputSize) }, [x]);
}

/** Window i of adaptive pooling along an axis: from ⌊i·size/bins⌋ up to, not including, ⌈(i+1)·size/bins⌉. */
export function adaptiveWindow(i: number, size: number, bins: number): readonly [start: number, end: number] {
  return [Math.floor((i * size) / bins), Math.ceil(((i + 1) * size) / bins)];
}

/** Output type of sliding pooling. */
function pooledType(
  op: string,
  { kernel, stride, padding }: PoolGeometry,
  inputs: readonly TensorType[],
): TensorType {
  expectFloats(op, inputs);
  expectPositive(op, 'kernel and stride', [...kernel, ...stride]);
  expectWhole(op, 'padding', padding);
  const [n, c, h, w] = expectRank(op, inputs, 0, 4) as [number, number, number, number];
  const size = [
    windowOutput(h, kernel[0], stride[0], padding[0]),
    windowOutput(w, kernel[1], stride[1], padding[1]),
  ];
  if (size.some((s) => s < 1))
    throw new GraphError(`${op}: kernel ${kernel.join('×')} is larger than ${formatShape([n, c, h, w])}`);
  return f32([n, c, ...size]);
}

/** Rejects windows that may lie entirely in the padding, and have no maximum, as PyTorch does. */
function expectHalfPadding(op: string, { kernel, padding }: PoolGeometry): void {
  if (padding.some((size, axis) => 2 * size > kernel[axis]!))
    throw new GraphError(
      `${op}: padding ${padding.join('×')} is more than half of kernel ${kernel.join('×')}`,
    );
}

/** Shape rules of pooling. */
export const poolShapes: ShapeRules<PoolKind> = {
  avgPool2d: (geometry, inputs) => {
    expectInputs('avgPool2d', inputs, 1);
    expectHalfPadding('avgPool2d', geometry);
    return [pooledType('avgPool2d', geometry, inputs)];
  },
  maxPool2d: (geometry, inputs) => {
    expectInputs('maxPool2d', inputs, 1);
    expectHalfPadding('maxPool2d', geometry);
    return [pooledType('maxPool2d', geometry, inputs)];
  },
  maxPool2dGrad: (geometry, inputs) => {
    expectInputs('maxPool2dGrad', inputs, 3);
    expectFloats('maxPool2dGrad', inputs);
    const [dy, x, y] = inputs as [TensorType, TensorType, TensorType];
    const [pooled] = poolShapes.maxPool2d(geometry, [x]);
    expectShape('maxPool2dGrad', 'output gradient', dy.shape, pooled!.shape);
    expectShape('maxPool2dGrad', 'output', y.shape, pooled!.shape);
    return [f32(x.shape)];
  },
  avgPool2dGrad: ({ inputShape, ...geometry }, inputs) => {
    expectInputs('avgPool2dGrad', inputs, 1);
    const [output] = poolShapes.avgPool2d(geometry, [f32(inputShape)]);
    expectShape('avgPool2dGrad', 'output gradient', inputs[0]!.shape, output!.shape);
    return [f32(inputShape)];
  },
  adaptiveAvgPool2d: ({ outputSize }, inputs) => {
    expectInputs('adaptiveAvgPool2d', inputs, 1);
    expectFloats('adaptiveAvgPool2d', inputs);
    expectPositive('adaptiveAvgPool2d', 'output size', outputSize);
    const shape = expectRank('adaptiveAvgPool2d', inputs, 0, 4);
    return [f32([shape[0]!, shape[1]!, ...outputSize])];
  },
  adaptiveAvgPool2dGrad: ({ outputSize, inputShape }, inputs) => {
    expectInputs('adaptiveAvgPool2dGrad', inputs, 1);
    expectShape('adaptiveAvgPool2dGrad', 'output gradient', inputs[0]!.shape, [
      inputShape[0]!,
      inputShape[1]!,
      ...outputSize,
    ]);
    return [f32(inputShape)];
  },
};

/** Each output's gradient is shared equally by its window, or goes to its maximum. */
export const poolGradients: GradientRules<PoolKind> = {
  avgPool2d: ({ attributes, inputs }, [dy]) => [
    emitOne('avgPool2dGrad', { ...attributes, inputShape: inputs[0]!.shape }, [dy!]),
  ],
  avgPool2dGrad: { unsupported: 'second derivatives are not supported' },
  maxPool2d: ({ attributes, inputs, outputs }, [dy]) => [
    emitOne('maxPool2dGrad', attributes, [dy!, inputs[0]!, outputs[0]!]),
  ],
  maxPool2dGrad: { unsupported: 'second derivatives are not supported' },
  adaptiveAvgPool2d: ({ attributes, inputs }, [dy]) => [
    emitOne('adaptiveAvgPool2dGrad', { ...attributes, inputShape: inputs[0]!.shape }, [dy!]),
  ],
  adaptiveAvgPool2dGrad: { unsupported: 'second derivatives are not supported' },
};
