import { batchNormTrain } from '../../../src/graph/ops/batchNorm.js';
import { conv2d } from '../../../src/graph/ops/conv.js';
import { add, silu } from '../../../src/graph/ops/elementwise.js';
import { channelShuffle, concat, slice } from '../../../src/graph/ops/shape.js';
import type { Tensor } from '../../../src/graph/tensor.js';
import type { CaseInput, GradientCase } from '../../support/gradientCheck.js';

const EPSILON = 1e-5;

function filter(outputs: number, inputs: number): CaseInput {
  return { shape: [outputs, inputs, 1, 1] };
}

/** A bias before a normalisation: the gradient toward it is 0, and what is computed of it rounding alone. */
function bias(channels: number): CaseInput {
  return {
    shape: [channels],
    fixed: Float32Array.from({ length: channels }, (_, i) => ((i * 7) % 11) / 5 - 1),
  };
}

/** γ and β of a normalisation, γ away from 0. */
function scaling(channels: number): readonly CaseInput[] {
  return [{ shape: [channels], low: 0.5, high: 1.5 }, { shape: [channels] }];
}

/** A convolution, a normalisation and a function of so many channels. */
function layer(x: Tensor, [weight, bias, gamma, beta]: readonly Tensor[]): Tensor {
  return silu(batchNormTrain(conv2d(x, weight!, bias), gamma!, beta!, EPSILON).y);
}

/** Two layers: the second one's image is computed from the first one's sums, and so are the gradients. */
function twoLayers(name: string, image: CaseInput, middle: number, outputs: number): GradientCase {
  const channels = image.shape[1]!;
  return {
    name: `two layers of 1×1 convolutions, ${name}`,
    inputs: [
      image,
      ...[filter(middle, channels), bias(middle), ...scaling(middle)],
      ...[filter(outputs, middle), bias(outputs), ...scaling(outputs)],
    ],
    build: ([x, ...rest]) => layer(layer(x!, rest.slice(0, 4)), rest.slice(4)),
  };
}

/** A depthwise convolution between two of single pixels, as in a mobile network. */
function separable(name: string, image: CaseInput, middle: number, stride: number): GradientCase {
  const channels = image.shape[1]!;
  return {
    name: `a depthwise convolution between 1×1 convolutions, ${name}`,
    inputs: [
      image,
      ...[filter(middle, channels), bias(middle), ...scaling(middle)],
      ...[{ shape: [middle, 1, 3, 3] }, bias(middle), ...scaling(middle)],
      ...[filter(channels, middle), { shape: [channels] }],
    ],
    build: ([x, ...rest]) => {
      const [weight, bias, gamma, beta] = rest.slice(4, 8);
      const inner = layer(x!, rest.slice(0, 4));
      const conv = conv2d(inner, weight!, bias, { groups: middle, stride, padding: 1 });
      return conv2d(silu(batchNormTrain(conv, gamma!, beta!, EPSILON).y), rest[8]!, rest[9]);
    },
  };
}

/** Convolutions of single pixels between normalisations, of sizes that no tile of a product divides. */
export const productCases: readonly GradientCase[] = [
  twoLayers('58 channels', { shape: [3, 58, 7, 9] }, 116, 24),
  twoLayers('many pixels', { shape: [4, 24, 26, 23] }, 40, 58),
  twoLayers('many channels', { shape: [2, 144, 5, 4] }, 200, 160),
  twoLayers('far from zero', { shape: [4, 16, 16, 16], low: 4, high: 8 }, 32, 16),
  separable('58 channels', { shape: [3, 26, 9, 7] }, 58, 1),
  separable('many pixels', { shape: [4, 16, 23, 26] }, 32, 1),
  separable('stride 2', { shape: [4, 24, 14, 14] }, 40, 2),
  {
    name: 'a 1×1 convolution of some channels of a sum, beside the others',
    inputs: [{ shape: [2, 60, 6, 6] }, { shape: [2, 60, 6, 6] }, filter(30, 26), ...scaling(30)],
    build: ([a, b, weight, gamma, beta]) => {
      const x = add(a!, b!);
      const rest = slice(x, 1, 0, 34);
      const own = conv2d(slice(x, 1, 34, 60), weight!);
      return concat([rest, silu(batchNormTrain(own, gamma!, beta!, EPSILON).y)], 1);
    },
  },
  {
    name: 'a 1×1 convolution of joined tensors whose channels no word divides, and of channels that alternate',
    inputs: [
      { shape: [2, 17, 6, 6] },
      { shape: [2, 31, 6, 6] },
      ...[filter(48, 48), filter(24, 48), ...scaling(24)],
    ],
    build: ([a, b, first, second, gamma, beta]) => {
      const joined = conv2d(concat([a!, b!], 1), first!);
      const own = conv2d(channelShuffle(joined, 3), second!);
      return batchNormTrain(own, gamma!, beta!, EPSILON).y;
    },
  },
  {
    name: 'a depthwise convolution of joined tensors whose channels no word divides',
    inputs: [
      { shape: [2, 17, 6, 6] },
      { shape: [2, 31, 6, 6] },
      ...[{ shape: [48, 1, 3, 3] }, ...scaling(48)],
    ],
    build: ([a, b, weight, gamma, beta]) => {
      const conv = conv2d(concat([a!, b!], 1), weight!, undefined, { groups: 48, padding: 1 });
      return batchNormTrain(conv, gamma!, beta!, EPSILON).y;
    },
  },
  {
    name: 'a 1×1 convolution whose result is normalised and read as it is',
    inputs: [{ shape: [2, 32, 5, 5] }, filter(32, 32), ...scaling(32)],
    build: ([x, weight, gamma, beta]) => {
      const y = conv2d(x!, weight!);
      return add(batchNormTrain(y, gamma!, beta!, EPSILON).y, y);
    },
  },
];
