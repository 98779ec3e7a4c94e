import { batchNormTrain } from '../../src/graph/ops/batchNorm.js';
import { conv2d } from '../../src/graph/ops/conv.js';
import { softmaxCrossEntropy } from '../../src/graph/ops/crossEntropy.js';
import * as ops from '../../src/graph/ops/elementwise.js';
import { matmul } from '../../src/graph/ops/matmul.js';
import { adaptiveAvgPool2d, avgPool2d, maxPool2d } from '../../src/graph/ops/pooling.js';
import { amax, amin, broadcastTo, mean, sum, variance } from '../../src/graph/ops/reduce.js';
import { channelShuffle, concat, pad, slice, transpose } from '../../src/graph/ops/shape.js';
import type { Tensor } from '../../src/graph/tensor.js';
import type { Shape } from '../../src/graph/tensorType.js';

/** An operation at the size of a network's activations, and the same in PyTorch. */
export interface OperationCase {
  readonly name: string;
  /** Floats in [0, 1), or labels below `classes`. */
  readonly inputs: readonly { readonly shape: Shape; readonly classes?: number }[];
  readonly build: (inputs: readonly Tensor[]) => Tensor;
  /** An expression of the list `x` of inputs, with torch, and torch.nn.functional as F. */
  readonly python: string;
  /** Whether its gradient is timed, too. Default true. */
  readonly gradient?: boolean;
}

const IMAGES: Shape = [64, 64, 32, 32];
const images = { shape: IMAGES };
const perChannel = { shape: [1, 64, 1, 1] };

const unaries: readonly [name: string, f: (x: Tensor) => Tensor, python: string][] = [
  ['relu', ops.relu, 'F.relu(x[0])'],
  ['relu6', ops.relu6, 'F.relu6(x[0])'],
  ['leakyRelu', ops.leakyRelu, 'F.leaky_relu(x[0])'],
  ['silu', ops.silu, 'F.silu(x[0])'],
  ['gelu', ops.gelu, 'F.gelu(x[0])'],
  ['tanh', ops.tanh, 'torch.tanh(x[0])'],
  ['sigmoid', ops.sigmoid, 'torch.sigmoid(x[0])'],
  ['hswish', ops.hswish, 'F.hardswish(x[0])'],
  ['hsigmoid', ops.hsigmoid, 'F.hardsigmoid(x[0])'],
  ['exp', ops.exp, 'torch.exp(x[0])'],
  ['log', (x) => ops.log(ops.add(x, 1)), 'torch.log(x[0] + 1)'],
  ['sqrt', (x) => ops.sqrt(ops.add(x, 1)), 'torch.sqrt(x[0] + 1)'],
  ['neg', ops.neg, '-x[0]'],
  ['abs', ops.abs, 'x[0].abs()'],
  [
    'minimum(maximum(x, 0), 6)',
    (x) => ops.minimum(ops.maximum(x, 0), 6),
    'torch.minimum(torch.maximum(x[0], torch.zeros(())), torch.full((), 6.0))',
  ],
  ['sum', (x) => sum(x), 'x[0].sum()'],
  ['mean over images', (x) => mean(x, [2, 3]), 'x[0].mean((2, 3))'],
  ['sum over 0, 2, 3', (x) => sum(x, [0, 2, 3]), 'x[0].sum((0, 2, 3))'],
  ['sum over channels', (x) => sum(x, [1]), 'x[0].sum(1)'],
  ['amax over images', (x) => amax(x, [2, 3]), 'x[0].amax((2, 3))'],
  ['amin over channels', (x) => amin(x, [1]), 'x[0].amin(1)'],
  ['variance of images', (x) => variance(x, [1, 2, 3]), 'x[0].var((1, 2, 3))'],
  [
    'maxPool2d 3×3, stride 2',
    (x) => maxPool2d(x, 3, { stride: 2, padding: 1 }),
    'F.max_pool2d(x[0], 3, 2, 1)',
  ],
  ['maxPool2d 2×2', (x) => maxPool2d(x, 2), 'F.max_pool2d(x[0], 2)'],
  ['avgPool2d 2×2', (x) => avgPool2d(x, 2), 'F.avg_pool2d(x[0], 2)'],
  ['adaptiveAvgPool2d to 7×7', (x) => adaptiveAvgPool2d(x, 7), 'F.adaptive_avg_pool2d(x[0], 7)'],
  ['pad a row', (x) => pad(x, 2, 1, 1), 'F.pad(x[0], (0, 0, 1, 1))'],
  ['transpose to NHWC', (x) => transpose(x, [0, 2, 3, 1]), 'x[0].permute(0, 2, 3, 1).contiguous()'],
  [
    'channelShuffle',
    (x) => channelShuffle(x, 4),
    'x[0].view(64, 4, 16, 32, 32).transpose(1, 2).reshape(64, 64, 32, 32)',
  ],
  [
    'slice and concat',
    (x) => concat([slice(x, 1, 32, 64), slice(x, 1, 0, 32)], 1),
    'torch.cat([x[0][:, 32:], x[0][:, :32]], 1)',
  ],
];

const binaries: readonly [name: string, f: (a: Tensor, b: Tensor) => Tensor, python: string][] = [
  ['add', ops.add, 'x[0] + x[1]'],
  ['mul', ops.mul, 'x[0] * x[1]'],
  ['sub', ops.sub, 'x[0] - x[1]'],
  ['div', (a, b) => ops.div(a, ops.add(b, 1)), 'x[0] / (x[1] + 1)'],
  ['maximum', ops.maximum, 'torch.maximum(x[0], x[1])'],
  ['less', ops.less, '(x[0] < x[1]).float()'],
  ['select', (a, b) => ops.select(ops.less(a, b), a, b), 'torch.where(x[0] < x[1], x[0], x[1])'],
];

function convolution(
  name: string,
  weight: Shape,
  options: {
    readonly stride?: number;
    readonly padding?: number;
    readonly dilation?: number;
    readonly groups?: number;
  },
): OperationCase {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  return {
    name,
    inputs: [images, { shape: weight }],
    build: ([x, w]) => conv2d(x!, w!, undefined, options),
    python: `F.conv2d(x[0], x[1], None, ${stride}, ${padding}, ${dilation}, ${groups})`,
  };
}

/** Every kind of operation. */
export const operationCases: readonly OperationCase[] = [
  ...unaries.map(([name, f, python]) => ({
    name,
    inputs: [images],
    build: ([x]: readonly Tensor[]) => f(x!),
    python,
  })),
  ...binaries.flatMap(([name, f, python]) =>
    [images, perChannel].map((second) => ({
      name: second === images ? name : `${name} of each channel`,
      inputs: [images, second],
      build: ([a, b]: readonly Tensor[]) => f(a!, b!),
      python,
      gradient: name !== 'less',
    })),
  ),
  convolution('conv2d 3×3', [64, 64, 3, 3], { padding: 1 }),
  convolution('conv2d 3×3, dilation 2', [64, 64, 3, 3], { padding: 2, dilation: 2 }),
  convolution('conv2d 3×3, dilation 2, stride 2', [64, 64, 3, 3], { padding: 2, dilation: 2, stride: 2 }),
  convolution('conv2d 1×1', [64, 64, 1, 1], {}),
  convolution('depthwise 3×3', [64, 1, 3, 3], { padding: 1, groups: 64 }),
  convolution('depthwise 3×3, dilation 2', [64, 1, 3, 3], { padding: 2, dilation: 2, groups: 64 }),
  {
    name: 'batchNormTrain',
    inputs: [images, { shape: [64] }, { shape: [64] }],
    build: ([x, gamma, beta]) => batchNormTrain(x!, gamma!, beta!, 1e-5).y,
    python: 'F.batch_norm(x[0], None, None, x[1], x[2], training=True)',
  },
  {
    name: 'matmul 1024',
    inputs: [{ shape: [1024, 1024] }, { shape: [1024, 1024] }],
    build: ([a, b]) => matmul(a!, b!),
    python: 'x[0] @ x[1]',
  },
  {
    name: 'broadcastTo',
    inputs: [perChannel],
    build: ([x]) => broadcastTo(x!, IMAGES),
    python: 'x[0].expand(64, 64, 32, 32).contiguous()',
  },
  {
    name: 'softmaxCrossEntropy of 1000 classes',
    inputs: [{ shape: [64, 1000] }, { shape: [64], classes: 1000 }],
    build: ([logits, labels]) => softmaxCrossEntropy(logits!, labels!, 0.1).loss,
    python: "F.cross_entropy(x[0], x[1].long(), reduction='none', label_smoothing=0.1)",
  },
];
