import { softmaxCrossEntropy } from '../../../src/graph/ops/crossEntropy.js';
import * as ops from '../../../src/graph/ops/elementwise.js';
import { amax, amin, broadcastTo, mean, sum, variance } from '../../../src/graph/ops/reduce.js';
import { pad } from '../../../src/graph/ops/shape.js';
import type { Tensor } from '../../../src/graph/tensor.js';
import type { Shape } from '../../../src/graph/tensorType.js';
import type { GradientCase } from '../../support/gradientCheck.js';
import { Samples } from '../../support/samples.js';
import { largeSoftTargetCases } from './softTargetCases.js';

/** Multiples of 1/16, many of which are equal: what is compared is equal or far apart. */
const sixteenths = { low: -0.5, high: 0.5, grid: { step: 1 / 16 } };

const patterns: readonly [Shape, Shape][] = [
  [[2500], [2500]],
  [[], [50, 51]],
  [[50, 51], [1]],
  [[50, 51], [51]],
  [
    [50, 51],
    [50, 1],
  ],
  [
    [40, 1],
    [1, 60],
  ],
  [
    [4, 12, 8, 8],
    [1, 12, 1, 1],
  ],
  [
    [4, 12, 8, 8],
    [4, 12, 1, 1],
  ],
  [
    [4, 12, 1, 1],
    [4, 12, 8, 8],
  ],
  [
    [4, 12, 8, 8],
    [1, 1, 8, 8],
  ],
  [
    [4, 12, 8, 8],
    [4, 1, 8, 1],
  ],
  [
    [4, 16, 8, 8],
    [4, 16, 8, 8],
  ],
  [
    [3, 20, 8, 8],
    [3, 20, 8, 8],
  ],
];

const functions = {
  add: ops.add,
  sub: ops.sub,
  mul: ops.mul,
  div: ops.div,
  minimum: ops.minimum,
  maximum: ops.maximum,
  'a where less': (a: Tensor, b: Tensor) => ops.mul(ops.less(a, b), ops.add(a, b)),
  'a where greater or equal': (a: Tensor, b: Tensor) => ops.mul(ops.greaterOrEqual(a, b), ops.sub(a, b)),
};

/** Two tensors whose elements are never nearly equal: one's are below 1, the other's on either side of it. */
const binaryCases: GradientCase[] = Object.entries(functions).flatMap(([name, f]) =>
  patterns.map(
    ([a, b]): GradientCase => ({
      name: `${name} of large [${a}] and [${b}]`,
      inputs: [
        { shape: a, low: 0.7, high: 0.9 },
        { shape: b, low: 0.1, high: 0.2 },
      ],
      build: ([x, y]) => {
        const above = new Samples(`sides of ${name}, ${b}`).floats(b).map((v) => (v > 0 ? 1 : 0));
        const side = y!.graph.emit(
          'constant',
          { shape: b, dtype: 'f32', data: Float32Array.from(above) },
          [],
        )[0]!;
        return f(x!, ops.add(ops.mul(side, 1), ops.add(y!, 0.1)));
      },
    }),
  ),
);

const constants: { [name: string]: (x: Tensor) => Tensor } = {
  'x + 2': (x) => ops.add(x, 2),
  '2 − x': (x) => ops.sub(2, x),
  'x − 2': (x) => ops.sub(x, 2),
  x·3: (x) => ops.mul(3, x),
  'x/3': (x) => ops.div(x, 3),
  '3/(x + 4)': (x) => ops.div(3, ops.add(x, 4)),
  'min(max(x, −9/32), 9/32)': (x) => ops.minimum(ops.maximum(x, -9 / 32), 9 / 32),
  'x where it is positive': (x) => ops.select(ops.greater(x, 1 / 32), x, ops.mul(x, 0.1)),
};

const constantCases: GradientCase[] = Object.entries(constants).flatMap(([name, f]) =>
  [
    [2, 20, 8, 8],
    [4, 16, 8, 8],
    [30, 71],
  ].map((shape) => ({
    name: `${name} of large [${shape}]`,
    inputs: [{ shape, ...sixteenths }],
    build: ([x]: readonly Tensor[]) => f(x!),
  })),
);

const reductions = { sum, mean, amin, amax, variance };

const reduceCases: GradientCase[] = Object.entries(reductions).flatMap(([name, f]) =>
  (
    [
      [[4, 6, 8, 12], undefined],
      [
        [4, 6, 8, 12],
        [0, 2, 3],
      ],
      [[4, 6, 8, 12], [1]],
      [
        [4, 6, 8, 12],
        [2, 3],
      ],
      [
        [4, 6, 8, 12],
        [0, 2],
      ],
      [
        [4, 6, 8, 12],
        [1, 3],
      ],
      [[48, 53], [0]],
      [[48, 53], [1]],
      [[2503], [0]],
    ] as [Shape, readonly number[] | undefined][]
  ).map(([shape, axes]) => ({
    name: `${name} of large [${shape}] over ${axes ?? 'all'}`,
    inputs: [{ shape, ...sixteenths }],
    build: ([x]: readonly Tensor[]) => f(x!, axes),
  })),
);

const moveCases: GradientCase[] = [
  ...(
    [
      [[], [50, 50]],
      [[64], [50, 64]],
      [
        [50, 1],
        [50, 64],
      ],
      [
        [2, 1, 8, 1],
        [2, 20, 8, 8],
      ],
    ] as [Shape, Shape][]
  ).map(([from, to]) => ({
    name: `broadcastTo [${from}] to large [${to}]`,
    inputs: [{ shape: from }],
    build: ([x]: readonly Tensor[]) => broadcastTo(x!, to),
  })),
  ...(
    [
      [[2, 16, 8, 8], 1, 16, 0],
      [[2, 20, 8, 8], 1, 3, 5],
      [[2, 20, 8, 8], 2, 1, 1],
      [[2, 20, 8, 8], 3, 0, 2],
      [[50, 51], 0, 2, 3],
    ] as [Shape, number, number, number][]
  ).map(([shape, axis, before, after]) => ({
    name: `pad ${before} and ${after} along ${axis} of large [${shape}]`,
    inputs: [{ shape }],
    build: ([x]: readonly Tensor[]) => pad(x!, axis, before, after),
  })),
];

const crossEntropyCases: GradientCase[] = [0, 0.1].map((smoothing) => ({
  name: `softmaxCrossEntropy of 100 classes, smoothing ${smoothing}`,
  inputs: [
    { shape: [32, 100], low: -5, high: 5 },
    { shape: [32], fixed: new Samples('labels of 100').labels(32, 100) },
  ],
  build: ([logits, labels]) => softmaxCrossEntropy(logits!, labels!, smoothing).loss,
}));

/**
 * Operations on tensors that are large enough for engines to compute them by other code than small ones. Some are
 * at a kink, where no difference quotient is a gradient: they compare engines alone.
 */
export const largeCases: readonly GradientCase[] = [
  ...binaryCases,
  ...constantCases,
  ...reduceCases,
  ...moveCases,
  ...crossEntropyCases,
  ...largeSoftTargetCases,
];
