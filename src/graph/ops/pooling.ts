import type { Pair, ShapeRules } from '../op.js';
import { emitOne, type GradientRules, type Tensor } from '../tensor.js';
import { formatShape, GraphError } from '../tensorType.js';
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

type PoolKind = 'avgPool2d' | 'avgPool2dGrad' | 'adaptiveAvgPool2d' | 'adaptiveAvgPool2dGrad';

/**
 * Average pooling of x [N, C, H, W]; padding counts in the average (PyTorch's default).
 *
 * @param options stride defaults to the kernel, padding to 0
 */
export function avgPool2d(
  x: Tensor,
  kernel: number | Pair,
  options: { readonly stride?: number | Pair; readonly padding?: number | Pair } = {},
): Tensor {
  const stride = toPair(options.stride ?? kernel);
  return emitOne('avgPool2d', { kernel: toPair(kernel), stride, padding: toPair(options.padding ?? 0) }, [x]);
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

/** Shape rules of pooling. */
export const poolShapes: ShapeRules<PoolKind> = {
  avgPool2d: ({ kernel, stride, padding }, inputs) => {
    expectInputs('avgPool2d', inputs, 1);
    expectFloats('avgPool2d', inputs);
    expectPositive('avgPool2d', 'kernel and stride', [...kernel, ...stride]);
    expectWhole('avgPool2d', 'padding', padding);
    const [n, c, h, w] = expectRank('avgPool2d', inputs, 0, 4) as [number, number, number, number];
    const size = [
      windowOutput(h, kernel[0], stride[0], padding[0]),
      windowOutput(w, kernel[1], stride[1], padding[1]),
    ];
    if (size.some((s) => s < 1))
      throw new GraphError(
        `avgPool2d: kernel ${kernel.join('×')} is larger than ${formatShape([n, c, h, w])}`,
      );
    return [f32([n, c, ...size])];
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

/** Each output's gradient is shared equally by its window. */
export const poolGradients: GradientRules<PoolKind> = {
  avgPool2d: ({ attributes, inputs }, [dy]) => [
    emitOne('avgPool2dGrad', { ...attributes, inputShape: inputs[0]!.shape }, [dy!]),
  ],
  avgPool2dGrad: { unsupported: 'second derivatives are not built' },
  adaptiveAvgPool2d: ({ attributes, inputs }, [dy]) => [
    emitOne('adaptiveAvgPool2dGrad', { ...attributes, inputShape: inputs[0]!.shape }, [dy!]),
  ],
  adaptiveAvgPool2dGrad: { unsupported: 'second derivatives are not built' },
};
