import { softmaxCrossEntropy } from '../../../src/graph/ops/crossEntropy.js';
import * as ops from '../../../src/graph/ops/elementwise.js';
import { amax, amin, broadcastTo, mean, sum, variance } from '../../../src/graph/ops/reduce.js';
import type { Tensor } from '../../../src/graph/tensor.js';
import type { Shape } from '../../../src/graph/tensorType.js';
import type { GradientCase, Grid } from '../../support/gradientCheck.js';
import { Samples } from '../../support/samples.js';

/** Numbers at least 1/8 away from every multiple of 1/4, where the kinks below are. */
const grid = { step: 1 / 4, offset: 1 / 8 };

/** Functions of one tensor, with the range that they are checked in, and the grid of those that have kinks. */
const unaries: {
  [name: string]: readonly [f: (x: Tensor) => Tensor, low: number, high: number, grid?: Grid];
} = {
  relu: [ops.relu, -1, 1, grid],
  hswish: [ops.hswish, -5, 5, grid],
  hsigmoid: [ops.hsigmoid, -5, 5, grid],
  sigmoid: [ops.sigmoid, -4, 4],
  tanh: [ops.tanh, -3, 3],
  silu: [ops.silu, -6, 6],
  gelu: [ops.gelu, -4, 4],
  clamp: [(x) => ops.clamp(x, -0.5, 0.75), -2, 2, grid],
  'clamp without a lower bound': [(x) => ops.clamp(x, Number.NEGATIVE_INFINITY, 0), -2, 2, grid],
  relu6: [ops.relu6, -3, 9, grid],
  leakyRelu: [(x) => ops.leakyRelu(x), -1, 1, grid],
  'leakyRelu of slope 2': [(x) => ops.leakyRelu(x, 2), -1, 1, grid],
  exp: [ops.exp, -2, 2],
  log: [ops.log, 0.3, 3],
  sqrt: [ops.sqrt, 0.3, 3],
  neg: [ops.neg, -1, 1],
  abs: [ops.abs, -1, 1, grid],
};

const binaries: { [name: string]: (a: Tensor, b: Tensor) => Tensor } = {
  add: ops.add,
  sub: ops.sub,
  mul: ops.mul,
  div: ops.div,
  minimum: ops.minimum,
  maximum: ops.maximum,
};

const broadcasts: [Shape, Shape][] = [
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3], [3]],
  [[], [2, 3]],
  [
    [2, 1, 4],
    [3, 1],
  ],
  [[1, 1, 2], [2]],
  [
    [2, 3, 2, 2],
    [1, 3, 1, 1],
  ],
  [[], []],
];

const binaryCases: GradientCase[] = Object.entries(binaries).flatMap(([name, f]) =>
  broadcasts.map(([a, b]) => ({
    name: `${name} [${a}] and [${b}]`,
    inputs: [
      { shape: a, low: 0.5, high: 2, grid: { step: 1 / 8 } },
      { shape: b, low: 0.5, high: 2, grid: { step: 1 / 8, offset: 1 / 16 } },
    ],
    build: ([x, y]) => f(x!, y!),
  })),
);

const selectCases: GradientCase[] = (
  [
    [
      [2, 3],
      [2, 3],
      [2, 3],
    ],
    [[2, 1], [3], [2, 3]],
    [[4], [], [4]],
    [[1], [2, 2], [1, 2]],
  ] as [Shape, Shape, Shape][]
).map(([condition, a, b]) => ({
  name: `select [${condition}] of [${a}] and [${b}]`,
  inputs: [
    { shape: condition, fixed: new Samples('condition').floats(condition).map((v) => (v > 0 ? 1 : 0)) },
    { shape: a },
    { shape: b },
  ],
  build: ([c, x, y]) => ops.select(c!, x!, y!),
}));

const reductions: { [name: string]: (x: Tensor, axes?: readonly number[], keepDims?: boolean) => Tensor } = {
  sum,
  mean,
  amin,
  amax,
  variance,
};

const reduceCases: GradientCase[] = Object.entries(reductions).flatMap(([name, f]) =>
  ([undefined, [0], [2], [1, 3], [3, 0], []] as const).flatMap((axes) =>
    [false, true].map((keepDims) => ({
      name: `${name} over ${axes ?? 'all'}${keepDims ? ', kept' : ''}`,
      inputs: [{ shape: [2, 3, 2, 4], distinct: true as const }],
      build: ([x]: readonly Tensor[]) => f(x!, axes, keepDims),
    })),
  ),
);

const broadcastCases: GradientCase[] = (
  [
    [[3], [2, 3]],
    [
      [2, 1, 2],
      [3, 2, 4, 2],
    ],
    [[], [2, 2]],
    [
      [2, 2],
      [2, 2],
    ],
  ] as [Shape, Shape][]
).map(([from, to]) => ({
  name: `broadcastTo [${from}] to [${to}]`,
  inputs: [{ shape: from }],
  build: ([x]) => broadcastTo(x!, to),
}));

const crossEntropyCases: GradientCase[] = [0, 0.1, 0.7].map((labelSmoothing) => ({
  name: `softmaxCrossEntropy, smoothing ${labelSmoothing}`,
  inputs: [
    { shape: [5, 4], low: -3, high: 3 },
    { shape: [5], fixed: new Samples('labels').labels(5, 4) },
  ],
  build: ([logits, labels]) => softmaxCrossEntropy(logits!, labels!, labelSmoothing).loss,
}));

/** Elementwise operations, reductions, broadcasting, cross-entropy. */
export const elementwiseCases: readonly GradientCase[] = [
  ...Object.entries(unaries).flatMap(([name, [f, low, high, grid]]): GradientCase[] => {
    const values = { low, high, ...(grid ? { grid } : { distinct: true as const }) };
    return [
      { name, inputs: [{ shape: [4, 6], ...values }], build: ([x]) => f(x!) },
      {
        name: `${name} of images`,
        inputs: [{ shape: [2, 5, 3, 4], ...values }],
        build: ([x]) => f(x!),
      },
      {
        name: `${name} of a large matrix`,
        inputs: [{ shape: [40, 61], ...values }],
        build: ([x]) => f(x!),
      },
    ];
  }),
  ...binaryCases,
  ...selectCases,
  ...reduceCases,
  ...broadcastCases,
  ...crossEntropyCases,
];
