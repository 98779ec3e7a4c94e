import { batchNormTrain } from '../../../src/graph/ops/batchNorm.js';
import { conv2d } from '../../../src/graph/ops/conv.js';
import { add, clamp, hswish, mul, relu } from '../../../src/graph/ops/elementwise.js';
import { globalAvgPool2d } from '../../../src/graph/ops/pooling.js';
import { variance } from '../../../src/graph/ops/reduce.js';
import { channelShuffle, concat, flatten, slice } from '../../../src/graph/ops/shape.js';
import type { Tensor } from '../../../src/graph/tensor.js';
import type { CaseInput, GradientCase } from '../../support/gradientCheck.js';

const padded = { padding: 1 };
const even = { step: 2 };

const normRelu = (x: Tensor, gamma: Tensor, beta: Tensor): Tensor =>
  relu(batchNormTrain(x, gamma, beta, 1e-5).y);

/** ShuffleNetV2's unit: one half passes, the other is convolved, and the channels are shuffled. */
function shuffleUnit(x: Tensor, weight: Tensor): Tensor {
  const half = x.shape[1]! / 2;
  const right = conv2d(slice(x, 1, half, 2 * half), weight);
  return channelShuffle(concat([slice(x, 1, 0, half), right], 1), 2);
}

const residuals: readonly GradientCase[] = [
  {
    name: 'a convolution added to its own input',
    // A sum of whole numbers, and a half.
    inputs: [
      { shape: [2, 16, 5, 5], grid: { step: 1, offset: 0.5 } },
      { shape: [16, 16, 3, 3], low: -2, high: 2, grid: even },
    ],
    build: ([x, w]) => relu(add(conv2d(x!, w!, undefined, padded), x!)),
  },
  {
    name: 'a 1×1 convolution added to its own input, which is used again',
    inputs: [{ shape: [2, 16, 4, 4] }, { shape: [16, 16, 1, 1] }, { shape: [16] }],
    build: ([x, w, b]) => add(add(x!, conv2d(x!, w!, b)), x!),
  },
  {
    name: 'two convolutions added, hswish',
    // Even numbers, which are never near ±3.
    inputs: [
      { shape: [2, 12, 5, 5], grid: { step: 1 } },
      { shape: [20, 12, 3, 3], low: -2, high: 2, grid: even },
      { shape: [20, 12, 1, 1], low: -2, high: 2, grid: even },
    ],
    build: ([x, v, w]) => hswish(add(conv2d(x!, v!, undefined, padded), conv2d(x!, w!))),
  },
];

/** Sums and a ReLU in one step, of 8, 20 and 24 channels: all fill no whole blocks of 16, and 20 none of 8 either. */
const residualsByChannels: readonly GradientCase[] = [8, 20, 24].flatMap((channels): GradientCase[] => {
  const image = (offset: number): CaseInput => ({ shape: [2, channels, 4, 4], grid: { step: 1, offset } });
  const kernel = (size: number): CaseInput => ({
    shape: [channels, channels, size, size],
    low: -2,
    high: 2,
    grid: even,
  });
  return [
    {
      name: `two normalisations of ${channels} channels added, ReLU`,
      // What is normalised, times gamma, is less than beta: some channels pass, the others don't.
      inputs: [
        { shape: [2, channels, 4, 4] },
        { shape: [channels, channels, 3, 3] },
        { shape: [channels], low: 0.2, high: 0.5 },
        { shape: [channels], low: -4, high: 4, grid: { step: 5, offset: 2.5 } },
      ],
      build: ([x, w, gamma, beta]) => {
        const norm = (y: Tensor): Tensor => batchNormTrain(y, gamma!, beta!, 1e-5).y;
        return relu(add(norm(conv2d(x!, w!, undefined, padded)), norm(x!)));
      },
    },
    {
      name: `two convolutions of ${channels} channels added, ReLU`,
      // Even numbers, and a half.
      inputs: [image(0), kernel(3), kernel(1), { shape: [channels], grid: { step: 1, offset: 0.5 } }],
      build: ([x, v, w, b]) => relu(add(conv2d(x!, v!, undefined, padded), conv2d(x!, w!, b!))),
    },
    {
      name: `a convolution of ${channels} channels added to what is read again, ReLU`,
      inputs: [image(0), image(0.5), kernel(3)],
      build: ([x, y, w]) => mul(relu(add(conv2d(x!, w!, undefined, padded), y!)), y!),
    },
  ];
});

const bounds: GradientCase = {
  name: 'images added and clamped to bounds that bf16 rounds toward zero',
  // Whole numbers, whose sums are 0 or beyond the bounds.
  inputs: [
    { shape: [2, 16, 4, 4], low: -2, high: 2, grid: { step: 1 } },
    { shape: [2, 16, 4, 4], low: -2, high: 2, grid: { step: 1 } },
  ],
  build: ([a, b]) => clamp(add(a!, b!), -0.7, 0.7),
};

const cuts: readonly GradientCase[] = [12, 16, 29].map((half) => ({
  name: `two shuffle units of ${2 * half} channels`,
  inputs: [{ shape: [2, 2 * half, 3, 4] }, { shape: [half, half, 1, 1] }, { shape: [half, half, 1, 1] }],
  build: ([x, v, w]) => shuffleUnit(shuffleUnit(x!, v!), w!),
}));

const dense: GradientCase = {
  name: 'a dense block of two layers',
  // Two numbers, whose normalised ones have different signs, and positive weights.
  inputs: [
    { shape: [2, 16, 4, 4], grid: { step: 1, offset: 0.5 } },
    { shape: [16, 16, 3, 3], low: 0.05, high: 0.2 },
    { shape: [16, 32, 3, 3] },
    { shape: [16], low: 0.5, high: 1.5 },
    { shape: [16], low: -0.2, high: 0.2 },
  ],
  build: ([x, v, w, gamma, beta]) => {
    const joined = concat([x!, conv2d(normRelu(x!, gamma!, beta!), v!, undefined, padded)], 1);
    return concat([joined, conv2d(relu(joined), w!, undefined, padded)], 1);
  },
};

const norms: readonly GradientCase[] = [
  {
    name: 'convolution of many channels, normalisation and ReLU',
    // What is normalised, times gamma, is less than beta: some channels pass, the others don't.
    inputs: [
      { shape: [2, 64, 8, 8] },
      { shape: [64, 64, 3, 3] },
      { shape: [64], low: 0.2, high: 0.5 },
      { shape: [64], low: -4, high: 4, grid: { step: 5, offset: 2.5 } },
    ],
    build: ([x, w, gamma, beta]) => normRelu(conv2d(x!, w!, undefined, padded), gamma!, beta!),
  },
  {
    name: 'gate of each channel',
    inputs: [{ shape: [2, 20, 5, 5] }, { shape: [20, 20, 1, 1] }],
    build: ([x, w]) => mul(hswish(x!), conv2d(globalAvgPool2d(x!), w!)),
  },
  {
    name: 'variance of each image',
    inputs: [{ shape: [3, 8, 4, 4] }],
    build: ([x]) => variance(flatten(x!), [1]),
  },
];

const wide: readonly GradientCase[] = [
  { channels: 16, size: 9, kernel: 5, stride: 1 },
  { channels: 24, size: 12, kernel: 5, stride: 2 },
  { channels: 20, size: 7, kernel: 7, stride: 1 },
  // Taps, and whole rows of them, that meet no pixel.
  { channels: 16, size: 1, kernel: 9, stride: 1 },
  { channels: 16, size: 3, kernel: 13, stride: 2 },
  { channels: 8, size: 5, kernel: 9, stride: 3, padding: 10 },
  // A single channel, which is no depthwise convolution to engines.
  { channels: 1, size: 9, kernel: 5, stride: 1 },
  { channels: 1, size: 8, kernel: 7, stride: 2 },
].map(({ channels, size, kernel, stride, padding = (kernel - 1) / 2 }) => ({
  name: `depthwise ${kernel}×${kernel} with stride ${stride} on ${channels} channels of ${size}×${size}`,
  inputs: [{ shape: [2, channels, size, size] }, { shape: [channels, 1, kernel, kernel] }],
  build: ([x, w]) => conv2d(x!, w!, undefined, { stride, padding, groups: channels }),
}));

/** Operations as networks combine them, which engines join, cut and lay out in ways of their own. */
export const combinationCases: readonly GradientCase[] = [
  ...residuals,
  ...residualsByChannels,
  bounds,
  ...cuts,
  dense,
  ...norms,
  ...wide,
];
