import { batchNormTrain } from '../../../src/graph/ops/batchNorm.js';
import { allReduce, allReduceAll } from '../../../src/graph/ops/collective.js';
import { conv2d } from '../../../src/graph/ops/conv.js';
import { softmaxCrossEntropy } from '../../../src/graph/ops/crossEntropy.js';
import { add, exp, hswish, mul, relu, sigmoid, sub } from '../../../src/graph/ops/elementwise.js';
import { matmul } from '../../../src/graph/ops/matmul.js';
import { adaptiveAvgPool2d, globalAvgPool2d } from '../../../src/graph/ops/pooling.js';
import { mean, sum } from '../../../src/graph/ops/reduce.js';
import {
  channelShuffle,
  concat,
  flatten,
  pad,
  reshape,
  slice,
  transpose,
} from '../../../src/graph/ops/shape.js';
import type { GradientCase } from '../../support/gradientCheck.js';
import { Samples } from '../../support/samples.js';

const moves: GradientCase[] = [
  ...[0, 1, 2].map((axis): GradientCase => {
    const shapes = [1, 3, 2].map((size) => [2, 3, 2].map((s, i) => (i === axis ? size : s)));
    return {
      name: `concat along ${axis}`,
      inputs: shapes.map((shape) => ({ shape })),
      build: ([a, ...rest]) => concat([a!, ...rest], axis),
    };
  }),
  {
    name: 'concat of a tensor with itself',
    inputs: [{ shape: [2, 2] }],
    build: ([x]) => concat([x!, x!], 1),
  },
  ...(
    [
      [0, 1, 2],
      [1, 0, 2],
      [2, 1, 5],
      [2, 4, 5],
    ] as const
  ).map(
    ([axis, start, end]): GradientCase => ({
      name: `slice ${start} to ${end} along ${axis}`,
      inputs: [{ shape: [3, 2, 5] }],
      build: ([x]) => slice(x!, axis, start, end),
    }),
  ),
  ...(
    [
      [0, 1, 2],
      [1, 0, 3],
      [2, 2, 0],
    ] as const
  ).map(
    ([axis, before, after]): GradientCase => ({
      name: `pad ${before} and ${after} along ${axis}`,
      inputs: [{ shape: [2, 3, 2] }],
      build: ([x]) => pad(x!, axis, before, after),
    }),
  ),
  { name: 'reshape', inputs: [{ shape: [2, 6] }], build: ([x]) => reshape(x!, [3, 1, 4]) },
  ...[
    [1, 0, 2],
    [2, 0, 1],
    [0, 1, 2],
  ].map(
    (permutation): GradientCase => ({
      name: `transpose ${permutation}`,
      inputs: [{ shape: [2, 3, 4] }],
      build: ([x]) => transpose(x!, permutation),
    }),
  ),
  ...[1, 2, 3, 6].map(
    (groups): GradientCase => ({
      name: `channelShuffle in ${groups}`,
      inputs: [{ shape: [2, 6, 2, 1] }],
      build: ([x]) => channelShuffle(x!, groups),
    }),
  ),
];

/** Tensors that are cut up: the autodiff joins gradients of complementary parts, and must not join others. */
const cuts: GradientCase[] = [
  {
    name: 'complementary slices',
    inputs: [{ shape: [2, 5, 2, 2] }],
    build: ([x]) => add(sum(exp(slice(x!, 1, 0, 2))), sum(sigmoid(slice(x!, 1, 2, 5)))),
  },
  {
    name: 'three slices, used out of order',
    inputs: [{ shape: [6, 2] }],
    build: ([x]) =>
      concat([exp(slice(x!, 0, 4, 6)), sigmoid(slice(x!, 0, 0, 1)), hswish(slice(x!, 0, 1, 4))], 0),
  },
  {
    name: 'overlapping slices',
    inputs: [{ shape: [5, 2] }],
    build: ([x]) => mul(slice(x!, 0, 0, 3), slice(x!, 0, 2, 5)),
  },
  {
    name: 'slices with a gap',
    inputs: [{ shape: [5] }],
    build: ([x]) => mul(slice(x!, 0, 0, 2), slice(x!, 0, 3, 5)),
  },
  {
    name: 'slices that leave the end',
    inputs: [{ shape: [5] }],
    build: ([x]) => mul(slice(x!, 0, 0, 2), slice(x!, 0, 2, 4)),
  },
  {
    name: 'the same slice twice',
    inputs: [{ shape: [4] }],
    build: ([x]) => mul(slice(x!, 0, 0, 2), exp(slice(x!, 0, 0, 2))),
  },
  {
    name: 'slices along two axes',
    inputs: [{ shape: [2, 2] }],
    build: ([x]) => add(sum(exp(slice(x!, 0, 0, 1))), sum(sigmoid(slice(x!, 1, 1, 2)))),
  },
  {
    name: 'complementary slices and the whole',
    inputs: [{ shape: [4] }],
    build: ([x]) => mul(concat([exp(slice(x!, 0, 2, 4)), slice(x!, 0, 0, 2)], 0), x!),
  },
  {
    name: 'a slice of a slice',
    inputs: [{ shape: [6] }],
    build: ([x]) => {
      const part = slice(x!, 0, 1, 6);
      return mul(exp(slice(part, 0, 0, 2)), slice(part, 0, 2, 4));
    },
  },
];

const networks: GradientCase[] = [
  {
    name: 'a tensor used several times',
    inputs: [{ shape: [3, 2] }],
    build: ([x]) => sub(mul(x!, exp(x!)), mul(x!, mean(x!))),
  },
  {
    name: 'tensors combined over ranks, of which there is one',
    inputs: [{ shape: [3, 2] }, { shape: [4] }],
    build: ([x, y]) => {
      const [a, b] = allReduceAll([mul(x!, x!), exp(y!)], 'sum');
      return add(mul(mean(allReduce(a!, 'max')), allReduce(b!, 'mean')), sum(allReduce(x!, 'min')));
    },
  },
  {
    name: 'a small network',
    inputs: [
      { shape: [3, 2, 5, 5] },
      { shape: [4, 2, 3, 3] },
      // What is normalised, times gamma, is less than beta, and the sum less than 3: away from the kinks.
      { shape: [4], low: 0.2, high: 0.4 },
      { shape: [4], low: -2, high: 2, grid: { step: 3, offset: 1.5 } },
      { shape: [8, 3] },
      { shape: [3], fixed: new Samples('network').labels(3, 3) },
    ],
    build: ([x, weight, gamma, beta, linear, labels]) => {
      const y = relu(batchNormTrain(conv2d(x!, weight!, undefined, { padding: 1 }), gamma!, beta!, 1e-2).y);
      const left = hswish(slice(y, 1, 0, 2));
      const shuffled = channelShuffle(concat([slice(y, 1, 2, 4), left], 1), 2);
      const pooled = concat([globalAvgPool2d(shuffled), adaptiveAvgPool2d(y, [1, 1])], 1);
      return softmaxCrossEntropy(matmul(flatten(pooled), linear!), labels!, 0.1).loss;
    },
  },
];

/** Operations that move elements, and combinations. */
export const shapeCases: readonly GradientCase[] = [...moves, ...cuts, ...networks];
