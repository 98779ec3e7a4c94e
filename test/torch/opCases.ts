import { batchNormInference, batchNormTrain } from '../../src/graph/ops/batchNorm.js';
import { conv2d } from '../../src/graph/ops/conv.js';
import { softmaxCrossEntropy } from '../../src/graph/ops/crossEntropy.js';
import * as ops from '../../src/graph/ops/elementwise.js';
import { matmul } from '../../src/graph/ops/matmul.js';
import { adaptiveAvgPool2d, avgPool2d, globalAvgPool2d, maxPool2d } from '../../src/graph/ops/pooling.js';
import { amax, amin, mean, sum, variance } from '../../src/graph/ops/reduce.js';
import { channelShuffle, concat, pad, slice, transpose } from '../../src/graph/ops/shape.js';
import type { Tensor } from '../../src/graph/tensor.js';
import type { GradientCase } from '../support/gradientCheck.js';
import { Samples } from '../support/samples.js';

/** A function of ours and the same in PyTorch. */
export interface TorchCase extends GradientCase {
  /** A Python expression of the list `x` of inputs, with torch and torch.nn.functional as F. */
  readonly python: string;
  /** Greatest error relative to the largest value; default 1e-12. */
  readonly tolerance?: number;
}

const convolutions: TorchCase[] = [
  {
    name: 'conv2d',
    inputs: [{ shape: [2, 3, 7, 6] }, { shape: [4, 3, 3, 2] }],
    build: ([x, w]) => conv2d(x!, w!),
    python: 'F.conv2d(x[0], x[1])',
  },
  {
    name: 'conv2d with bias, stride and padding',
    inputs: [{ shape: [2, 3, 7, 6] }, { shape: [4, 3, 3, 3] }, { shape: [4] }],
    build: ([x, w, b]) => conv2d(x!, w!, b, { stride: [2, 3], padding: [1, 2] }),
    python: 'F.conv2d(x[0], x[1], x[2], stride=(2, 3), padding=(1, 2))',
  },
  {
    name: 'conv2d in groups',
    inputs: [{ shape: [2, 6, 5, 5] }, { shape: [9, 2, 3, 3] }],
    build: ([x, w]) => conv2d(x!, w!, undefined, { groups: 3, padding: 1 }),
    python: 'F.conv2d(x[0], x[1], groups=3, padding=1)',
  },
  {
    name: 'conv2d, depthwise 5×5 with stride 2',
    inputs: [{ shape: [2, 4, 8, 7] }, { shape: [4, 1, 5, 5] }],
    build: ([x, w]) => conv2d(x!, w!, undefined, { groups: 4, padding: 2, stride: 2 }),
    python: 'F.conv2d(x[0], x[1], groups=4, padding=2, stride=2)',
  },
  {
    name: 'conv2d with dilation',
    inputs: [{ shape: [2, 4, 11, 10] }, { shape: [6, 2, 3, 3] }, { shape: [6] }],
    build: ([x, w, b]) => conv2d(x!, w!, b, { dilation: [2, 3], padding: [2, 1], stride: [1, 2], groups: 2 }),
    python: 'F.conv2d(x[0], x[1], x[2], dilation=(2, 3), padding=(2, 1), stride=(1, 2), groups=2)',
  },
  {
    name: 'linear',
    inputs: [{ shape: [4, 5] }, { shape: [3, 5] }, { shape: [3] }],
    build: ([x, w, b]) => ops.add(matmul(x!, w!, { transposeB: true }), b!),
    python: 'F.linear(x[0], x[1], x[2])',
  },
];

const channels = { shape: [3] };
const statistics = [
  { shape: [3], fixed: new Samples('torch mean').floats([3]) },
  { shape: [3], fixed: new Samples('torch variance').floats([3], 0.5, 2) },
];

const normalisations: TorchCase[] = [
  {
    name: 'batch normalisation in training',
    inputs: [{ shape: [4, 3, 3, 2], low: -1, high: 4 }, channels, channels],
    build: ([x, gamma, beta]) => batchNormTrain(x!, gamma!, beta!, 1e-5).y,
    python: 'F.batch_norm(x[0], None, None, x[1], x[2], training=True)',
  },
  {
    name: 'batch normalisation in evaluation',
    inputs: [{ shape: [2, 3, 3, 2] }, channels, channels, ...statistics],
    build: ([x, gamma, beta, m, v]) =>
      batchNormInference(x!, gamma!, beta!, { mean: m!, variance: v! }, 1e-3),
    python: 'F.batch_norm(x[0], x[3], x[4], x[1], x[2], training=False, eps=1e-3)',
    // The gradient has ε as a constant of 32 bits.
    tolerance: 1e-10,
  },
  ...[0, 0.1].map(
    (smoothing): TorchCase => ({
      name: `cross-entropy, smoothing ${smoothing}`,
      inputs: [
        { shape: [6, 5], low: -4, high: 4 },
        { shape: [6], fixed: new Samples('torch labels').labels(6, 5) },
      ],
      build: ([logits, labels]) => softmaxCrossEntropy(logits!, labels!, smoothing).loss,
      python: `F.cross_entropy(x[0], x[1].long(), reduction="none", label_smoothing=${smoothing})`,
    }),
  ),
];

const pools: TorchCase[] = [
  {
    name: 'average pooling, padding counted',
    inputs: [{ shape: [2, 3, 7, 6] }],
    build: ([x]) => avgPool2d(x!, [3, 2], { stride: [2, 1], padding: 1 }),
    python: 'F.avg_pool2d(x[0], (3, 2), stride=(2, 1), padding=1)',
  },
  {
    name: 'average pooling that leaves a rest',
    inputs: [{ shape: [2, 3, 7, 5] }],
    build: ([x]) => avgPool2d(x!, 2),
    python: 'F.avg_pool2d(x[0], 2)',
  },
  ...(
    [
      [7, 5, 3, 2],
      [5, 8, 4, 3],
      [3, 2, 5, 7],
      [28, 56, 14, 28],
    ] as const
  ).map(
    ([h, w, oh, ow]): TorchCase => ({
      name: `adaptive average pooling ${h}×${w} → ${oh}×${ow}`,
      inputs: [{ shape: [1, 2, h, w] }],
      build: ([x]) => adaptiveAvgPool2d(x!, [oh, ow]),
      python: `F.adaptive_avg_pool2d(x[0], (${oh}, ${ow}))`,
    }),
  ),
  {
    name: 'maximum pooling',
    inputs: [{ shape: [2, 3, 7, 8] }],
    build: ([x]) => maxPool2d(x!, 3, { stride: 2, padding: 1 }),
    python: 'F.max_pool2d(x[0], 3, stride=2, padding=1)',
  },
  {
    name: 'maximum pooling of ties: the first wins',
    inputs: [{ shape: [2, 3, 6, 6] }],
    build: ([x]) => maxPool2d(ops.relu(ops.sub(x!, 0.5)), [3, 2], { stride: [2, 1], padding: [1, 0] }),
    python: 'F.max_pool2d(F.relu(x[0] - 0.5), (3, 2), stride=(2, 1), padding=(1, 0))',
  },
  {
    name: 'global average pooling',
    inputs: [{ shape: [2, 3, 4, 5] }],
    build: ([x]) => globalAvgPool2d(x!),
    python: 'x[0].mean((2, 3), keepdim=True)',
  },
];

const unaries: [name: string, f: (x: Tensor) => Tensor, python: string][] = [
  ['relu', ops.relu, 'F.relu(x[0])'],
  ['hswish', ops.hswish, 'F.hardswish(x[0])'],
  ['hsigmoid', ops.hsigmoid, 'F.hardsigmoid(x[0])'],
  ['sigmoid', ops.sigmoid, 'torch.sigmoid(x[0])'],
  ['tanh', ops.tanh, 'torch.tanh(x[0])'],
  ['silu', ops.silu, 'F.silu(x[0])'],
  ['gelu', ops.gelu, 'F.gelu(x[0])'],
  ['relu6', ops.relu6, 'F.relu6(x[0])'],
  ['relu6 at its corners', (x) => ops.relu6(ops.mul(ops.relu6(x), 2)), 'F.relu6(F.relu6(x[0]) * 2)'],
  ['clamp', (x) => ops.clamp(x, -1.5, 2), 'torch.clamp(x[0], -1.5, 2)'],
  ['leakyRelu', ops.leakyRelu, 'F.leaky_relu(x[0])'],
  ['leakyRelu of slope 0.2', (x) => ops.leakyRelu(x, 0.2), 'F.leaky_relu(x[0], 0.2)'],
  ['exp', ops.exp, 'torch.exp(x[0])'],
  ['abs', ops.abs, 'torch.abs(x[0])'],
  ['log', (x) => ops.log(ops.abs(x)), 'torch.log(torch.abs(x[0]))'],
  ['sqrt', (x) => ops.sqrt(ops.abs(x)), 'torch.sqrt(torch.abs(x[0]))'],
  ['variance', (x) => variance(x, [1]), 'torch.var(x[0], dim=1, unbiased=True)'],
  ['mean', (x) => mean(x, [0]), 'x[0].mean(0)'],
  ['sum', (x) => sum(x, [1], true), 'x[0].sum(1, keepdim=True)'],
  ['amin', (x) => amin(x, [1]), 'x[0].amin(1)'],
  ['amax', (x) => amax(x), 'x[0].amax()'],
  ['pad', (x) => pad(x, 1, 1, 2), 'F.pad(x[0], (1, 2))'],
  ['transpose', (x) => transpose(x, [1, 0]), 'x[0].t()'],
];

const elementwise: TorchCase[] = [
  ...unaries.map(
    ([name, f, python]): TorchCase => ({
      name,
      inputs: [{ shape: [4, 9], low: -5, high: 5 }],
      build: ([x]) => f(x!),
      python,
      // PyTorch's gradient of hardsigmoid has 1/6 in 32 bits.
      ...(name === 'hsigmoid' && { tolerance: 1e-7 }),
    }),
  ),
  {
    name: 'ties of amax and maximum',
    inputs: [{ shape: [2, 3], low: 0.5, high: 0.6 }],
    build: ([x]) => ops.add(amax(ops.maximum(ops.mul(x!, 0), ops.mul(x!, 0)), [1]), sum(x!)),
    python: 'torch.maximum(x[0] * 0, x[0] * 0).amax(1) + x[0].sum()',
  },
  {
    name: 'broadcast arithmetic',
    inputs: [{ shape: [2, 1, 3] }, { shape: [4, 1], low: 1, high: 2 }],
    build: ([a, b]) => ops.div(ops.sub(ops.mul(a!, b!), a!), ops.maximum(b!, ops.minimum(a!, b!))),
    python: '(x[0] * x[1] - x[0]) / torch.maximum(x[1], torch.minimum(x[0], x[1]))',
  },
  {
    name: 'channel split and shuffle',
    inputs: [{ shape: [2, 6, 3, 2] }],
    build: ([x]) => channelShuffle(concat([slice(x!, 1, 0, 2), ops.exp(slice(x!, 1, 2, 6))], 1), 2),
    python:
      'torch.cat([x[0][:, :2], torch.exp(x[0][:, 2:])], 1).view(2, 2, 3, 3, 2).transpose(1, 2).reshape(2, 6, 3, 2)',
  },
];

/** Operations of this library with their counterparts in PyTorch. */
export const torchCases: readonly TorchCase[] = [
  ...convolutions,
  ...normalisations,
  ...pools,
  ...elementwise,
];
