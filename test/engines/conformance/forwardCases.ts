import { gradients } from '../../../src/graph/autodiff.js';
import type { Graph } from '../../../src/graph/graph.js';
import { batchNormTrain } from '../../../src/graph/ops/batchNorm.js';
import { conv2d } from '../../../src/graph/ops/conv.js';
import { softmaxCrossEntropy } from '../../../src/graph/ops/crossEntropy.js';
import {
  add,
  exp,
  greater,
  maximum,
  mul,
  relu,
  select,
  silu,
  sqrt,
  sub,
} from '../../../src/graph/ops/elementwise.js';
import { matmul } from '../../../src/graph/ops/matmul.js';
import { amax, amin, mean, sum, variance } from '../../../src/graph/ops/reduce.js';
import { sgdUpdate } from '../../../src/graph/ops/sgd.js';
import { concat, detach, pad, reshape, slice, transpose } from '../../../src/graph/ops/shape.js';
import type { Tensor } from '../../../src/graph/tensor.js';
import type { CaseInput } from '../../support/gradientCheck.js';

/** Some tensors → outputs by name, without gradients. */
export interface ForwardCase {
  readonly name: string;
  readonly inputs: readonly CaseInput[];
  readonly build: (inputs: readonly Tensor[], graph: Graph) => Record<string, Tensor>;
}

const sgds: ForwardCase[] = [
  { momentum: 0.9, weightDecay: 1e-4, nesterov: false },
  { momentum: 0.9, weightDecay: 0.01, nesterov: true },
  { momentum: 0, weightDecay: 0, nesterov: false },
].map((settings) => ({
  name: `sgdUpdate ${JSON.stringify(settings)}`,
  inputs: [{ shape: [3, 5] }, { shape: [3, 5] }, { shape: [3, 5] }, { shape: [], low: 0.01, high: 0.1 }],
  build: ([parameter, gradient, momentum, learningRate]) => {
    const state = {
      parameter: parameter!,
      gradient: gradient!,
      momentum: momentum!,
      learningRate: learningRate!,
    };
    return { ...sgdUpdate(state, settings) };
  },
}));

const largeSgds: ForwardCase[] = [false, true].map((nesterov) => ({
  name: `sgdUpdate of a large parameter${nesterov ? ', Nesterov' : ''}`,
  inputs: [[50, 60], [50, 60], [50, 60], []].map((shape) => ({ shape, low: 0.01, high: 0.9 })),
  build: ([parameter, gradient, momentum, learningRate]) => ({
    ...sgdUpdate(
      { parameter: parameter!, gradient: gradient!, momentum: momentum!, learningRate: learningRate! },
      { momentum: 0.9, weightDecay: 0.01, nesterov },
    ),
  }),
}));

const statistics: ForwardCase[] = (
  [
    [2, 5, 3, 3],
    [1, 3, 1, 2],
    [8, 24, 2, 2],
  ] as const
).map((shape) => ({
  name: `batch statistics of ${shape}`,
  inputs: [{ shape, low: 2, high: 5 }, { shape: [shape[1]] }, { shape: [shape[1]] }],
  build: ([x, gamma, beta]) => ({ ...batchNormTrain(x!, gamma!, beta!, 1e-5) }),
}));

const crossEntropies: ForwardCase[] = [0, 0.1].map((smoothing) => ({
  name: `softmaxCrossEntropy of large logits, smoothing ${smoothing}`,
  inputs: [
    { shape: [4, 5], low: -80, high: 80 },
    { shape: [4], fixed: Int32Array.of(4, 0, 2, 0) },
  ],
  build: ([logits, labels]) => ({ ...softmaxCrossEntropy(logits!, labels!, smoothing) }),
}));

const reductions: ForwardCase = {
  name: 'reductions of few elements',
  inputs: [{ shape: [3, 1, 2], low: 5, high: 6 }],
  build: ([x]) => ({
    one: variance(x!, [1]),
    two: variance(x!, [2], true),
    all: variance(x!),
    none: sum(x!, []),
    mean: mean(x!, [0, 2]),
    min: amin(x!, [1]),
    max: amax(x!, [0]),
  }),
};

const labels: ForwardCase = {
  name: 'integers are moved',
  inputs: [{ shape: [2, 3], fixed: Int32Array.of(1, -2, 3, 4, 5, 2 ** 24 + 1) }],
  build: ([x]) => ({
    reshape: reshape(x!, [3, 2]),
    transpose: transpose(x!, [1, 0]),
    slice: slice(x!, 1, 1, 3),
    pad: pad(x!, 0, 1, 1),
    concat: concat([x!, x!], 0),
    detach: detach(x!),
    itself: x!,
  }),
};

const outputs: ForwardCase = {
  name: 'outputs that are sources, views or the same value',
  inputs: [{ shape: [2, 2] }],
  build: ([x], graph) => {
    const constant = graph.constant(Float32Array.of(1.5, -2), [2]);
    const y = exp(x!);
    return { x: x!, constant, y, again: y, row: reshape(y, [4]), detached: detach(x!), scalar: sum(y) };
  },
};

const mixed: ForwardCase[] = [
  {
    name: 'a value with many readers',
    inputs: [{ shape: [2, 4, 5, 5], low: -1, high: 2 }, { shape: [4, 4, 3, 3] }],
    build: ([x, weight]) => {
      const y = relu(conv2d(x!, weight!, undefined, { padding: 1 }));
      const z = add(y, mul(y, mean(y, [2, 3], true)));
      return {
        y,
        z,
        joined: concat([y, x!, z], 1),
        best: amax(z, [1]),
        spread: sqrt(add(variance(z, [1, 2, 3]), 1)),
      };
    },
  },
  {
    name: 'scalars and single elements',
    inputs: [{ shape: [] }, { shape: [1, 1] }, { shape: [1, 1, 1, 1] }],
    build: ([a, b, c]) => ({
      sum: add(a!, b!),
      chosen: select(greater(a!, 0), b!, c!),
      product: matmul(b!, reshape(a!, [1, 1])),
      convolved: conv2d(c!, reshape(b!, [1, 1, 1, 1])),
    }),
  },
];

/** Numbers for each channel of each image, for few of both. */
const channelScales: readonly ForwardCase[] = [
  [1, 1, 1, 3],
  [1, 1, 4, 5],
  [1, 1, 48, 50],
  [2, 1, 3, 3],
  [1, 2, 3, 3],
].map(([n, c, h, w]) => ({
  name: `numbers [${n},${c},1,1] with images [${n},${c},${h},${w}]`,
  inputs: [{ shape: [n!, c!, h!, w!] }, { shape: [n!, c!, 1, 1] }],
  // One after the other, so that each may overwrite what the one before gave.
  build: ([x, b]) => ({ result: maximum(sub(mul(add(x!, b!), b!), b!), b!) }),
}));

/** As in a step that first tries weights: the second loss depends on the first one's gradient. */
const twoGradients: ForwardCase = {
  name: 'two gradients with normalisations before each',
  inputs: [{ shape: [2, 4, 3, 3] }, { shape: [4, 4, 1, 1] }, { shape: [4], low: 0.5 }, { shape: [4] }],
  build: ([x, weight, gamma, beta]) => {
    const lossOf = (w: Tensor): Tensor => {
      const y = silu(batchNormTrain(conv2d(x!, w), gamma!, beta!, 1e-3).y);
      return mean(mul(y, add(y, 1)));
    };
    const first = lossOf(weight!);
    const [gradient] = gradients(first, [weight!]);
    const trial = sub(weight!, mul(gradient!, 0.1));
    const second = lossOf(trial);
    const [next] = gradients(second, [trial]);
    return { first, second, next: next! };
  },
};

/** Operations without gradients, and ways of using values. */
export const forwardCases: readonly ForwardCase[] = [
  ...sgds,
  ...largeSgds,
  ...statistics,
  ...crossEntropies,
  reductions,
  labels,
  outputs,
  ...mixed,
  ...channelScales,
  twoGradients,
];
