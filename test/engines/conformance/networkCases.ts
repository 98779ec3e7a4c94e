import { batchNormTrain } from '../../../src/graph/ops/batchNorm.js';
import { conv2d } from '../../../src/graph/ops/conv.js';
import { add, mul, relu } from '../../../src/graph/ops/elementwise.js';
import type { GradientCase } from '../../support/gradientCheck.js';

interface ConvCase {
  readonly batch?: number;
  readonly channels: number;
  readonly outputs: number;
  readonly size: number | readonly [number, number];
  readonly kernel: number | readonly [number, number];
  readonly stride?: number;
  readonly padding?: number;
  readonly groups?: number;
  readonly bias?: boolean;
}

function convCase({ batch = 2, channels, outputs, size, kernel, ...rest }: ConvCase): GradientCase {
  const { stride = 1, padding = 0, groups = 1, bias = false } = rest;
  const square = (side: number | readonly [number, number]): readonly [number, number] =>
    typeof side === 'number' ? [side, side] : side;
  const x = [batch, channels, ...square(size)];
  const weight = [outputs, channels / groups, ...square(kernel)];
  return {
    name: `conv2d ${x.join('×')} by ${weight.join('×')}, stride ${stride}, padding ${padding}, groups ${groups}${bias ? ', bias' : ''}`,
    inputs: [{ shape: x }, { shape: weight }, ...(bias ? [{ shape: [outputs] }] : [])],
    build: ([input, w, b]) => conv2d(input!, w!, b, { stride, padding, groups }),
  };
}

const whole = { step: 1 };

/** Images of one tile of Winograd's algorithm, of several, and of tiles that stick out. */
const winogradCases: readonly GradientCase[] = [
  convCase({ channels: 32, outputs: 40, size: 4, kernel: 3, padding: 1 }),
  convCase({ channels: 40, outputs: 32, size: [5, 7], kernel: 3, padding: 1, bias: true }),
  convCase({ channels: 32, outputs: 32, size: [2, 13], kernel: 3, padding: 1 }),
  convCase({ batch: 3, channels: 64, outputs: 32, size: 16, kernel: 3, padding: 1 }),
  {
    name: 'convolution of 32 channels with bias, added to its own input, ReLU',
    // Whole numbers plus a bias of halves: never near zero.
    inputs: [
      { shape: [2, 32, 9, 6], grid: whole },
      { shape: [32, 32, 3, 3], grid: whole },
      { shape: [32], low: -3, high: 3, grid: { step: 1, offset: 0.5 } },
    ],
    build: ([x, w, b]) => relu(add(conv2d(x!, w!, b, { padding: 1 }), x!)),
  },
  {
    name: 'convolution of 32 channels added to its own input, which is used again',
    inputs: [{ shape: [2, 32, 6, 6] }, { shape: [32, 32, 3, 3] }],
    build: ([x, w]) => mul(add(x!, conv2d(x!, w!, undefined, { padding: 1 })), x!),
  },
];

/** Convolutions as networks have them: engines have special paths for blocks of channels, strides and depthwise kernels. */
export const networkCases: readonly GradientCase[] = [
  ...winogradCases,
  convCase({ channels: 3, outputs: 24, size: 8, kernel: 3, padding: 1, bias: true }),
  convCase({ channels: 3, outputs: 16, size: 9, kernel: 3, padding: 1, stride: 2 }),
  convCase({ channels: 16, outputs: 32, size: 6, kernel: 3, padding: 1 }),
  convCase({ channels: 32, outputs: 16, size: 6, kernel: 3, padding: 1 }),
  convCase({ channels: 48, outputs: 32, size: 8, kernel: 3, padding: 1, stride: 2, bias: true }),
  convCase({ channels: 16, outputs: 16, size: 7, kernel: 3, padding: 1, stride: 2 }),
  convCase({ channels: 16, outputs: 16, size: [7, 6], kernel: [3, 2], padding: 1 }),
  convCase({ channels: 32, outputs: 16, size: 6, kernel: 3, padding: 3 }),
  convCase({ channels: 16, outputs: 16, size: 9, kernel: 3, stride: 3 }),
  convCase({ channels: 16, outputs: 16, size: 9, kernel: 5, padding: 2, stride: 3 }),
  convCase({ channels: 12, outputs: 20, size: 8, kernel: 1 }),
  convCase({ batch: 4, channels: 40, outputs: 30, size: 2, kernel: 1 }),
  convCase({ channels: 16, outputs: 32, size: 8, kernel: 1, stride: 2 }),
  convCase({ channels: 24, outputs: 24, size: 8, kernel: 3, padding: 1, groups: 24, bias: true }),
  convCase({ batch: 16, channels: 5, outputs: 5, size: 8, kernel: 3, padding: 1, stride: 2, groups: 5 }),
  convCase({ batch: 8, channels: 6, outputs: 6, size: 7, kernel: 5, padding: 2, stride: 2, groups: 6 }),
  convCase({ batch: 8, channels: 6, outputs: 6, size: 8, kernel: 5, padding: 2, stride: 2, groups: 6 }),
  convCase({ batch: 8, channels: 4, outputs: 4, size: 6, kernel: 3, padding: 0, stride: 2, groups: 4 }),
  convCase({ batch: 8, channels: 4, outputs: 8, size: 6, kernel: 3, padding: 1, groups: 4 }),
  convCase({ channels: 32, outputs: 32, size: 5, kernel: 3, padding: 1, groups: 2 }),
  {
    name: 'batchNormTrain of large images, far from zero',
    inputs: [{ shape: [3, 5, 16, 16], low: 2, high: 4 }, { shape: [5] }, { shape: [5] }],
    build: ([x, gamma, beta]) => batchNormTrain(x!, gamma!, beta!, 1e-5).y,
  },
];
