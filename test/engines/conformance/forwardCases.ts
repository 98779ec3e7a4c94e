import { gradients } from '../../../src/graph/autodiff.js';
import type { Graph } from '../../../src/graph/graph.js';
import { batchNormTrain } from '../../../src/graph/ops/batchNorm.js';
import { conv2d } from '../../../src/graph/ops/conv.js';
import { softmaxCrossEntropy } from '../../../src/graph/ops/crossEntropy.js';
import {
  add,
  clamp,
  equal,
  exp,
  gelu,
  greater,
  greaterOrEqual,
  hsigmoid,
  hswish,
  leakyRelu,
  less,
  logSigmoid,
  maximum,
  minimum,
  mul,
  relu,
  relu6,
  select,
  sigmoid,
  silu,
  sqrt,
  sub,
  tanh,
} from '../../../src/graph/ops/elementwise.js';
import { matmul } from '../../../src/graph/ops/matmul.js';
import { amax, amin, mean, sum, variance } from '../../../src/graph/ops/reduce.js';
import { sgdUpdate } from '../../../src/graph/ops/sgd.js';
import { concat, detach, pad, reshape, slice, transpose } from '../../../src/graph/ops/shape.js';
import { emitOne, type Tensor } from '../../../src/graph/tensor.js';
import type { CaseInput } from '../../support/gradientCheck.js';

/** Some tensors → outputs by name, without gradients. */
export interface ForwardCase {
  readonly name: string;
  readonly inputs: readonly CaseInput[];
  readonly build: (inputs: readonly Tensor[], graph: Graph) => Record<string, Tensor>;
}

const corners = Float32Array.of(-4, -3, -1, 0, 1, 3, 4, -0.5);
const others = Float32Array.of(-4, 3, -1, 0, 2, 3, -4, 0.5);

const comparisons: ForwardCase = {
  name: 'comparisons',
  inputs: [
    { shape: [2, 4], fixed: corners },
    { shape: [2, 4], fixed: others },
  ],
  build: ([a, b]) => ({
    equal: equal(a!, b!),
    less: less(a!, b!),
    greater: greater(a!, b!),
    greaterOrEqual: greaterOrEqual(a!, b!),
    scalar: greater(a!, 0),
    broadcast: less(reshape(a!, [8, 1]), reshape(b!, [8])),
    minimum: minimum(a!, b!),
    maximum: maximum(a!, b!),
  }),
};

const activationCorners: ForwardCase = {
  name: 'activations and their derivatives at corners',
  inputs: [
    { shape: [8], fixed: corners },
    { shape: [8], fixed: others },
  ],
  build: ([x, dy], graph) => {
    const saved = { relu: relu(x!), sigmoid: sigmoid(x!) };
    // At ±3 h-swish has no derivative, and PyTorch's own differs between its versions, and its vector and scalar code.
    const offCorners = mul(x!, 1.25);
    return {
      relu: saved.relu,
      hswish: hswish(x!),
      hsigmoid: hsigmoid(x!),
      sigmoid: saved.sigmoid,
      reluGrad: emitOne('unaryGrad', { fn: 'relu' }, [dy!, saved.relu]),
      hswishGrad: emitOne('unaryGrad', { fn: 'hswish' }, [dy!, offCorners]),
      hsigmoidGrad: emitOne('unaryGrad', { fn: 'hsigmoid' }, [dy!, offCorners]),
      sigmoidGrad: graph.emit('unaryGrad', { fn: 'sigmoid' }, [dy!, saved.sigmoid])[0]!,
    };
  },
};

const moreCorners: ForwardCase = {
  name: 'clamp, leaky ReLU and their derivatives at corners',
  inputs: [
    { shape: [2, 5], fixed: Float32Array.of(-4, -3, -1, 0, 1, 3, 4, -0.5, 6, 7) },
    { shape: [2, 5], fixed: Float32Array.of(-4, 3, -1, 1, 2, 3, -4, 0.5, 6, 7) },
  ],
  build: ([x, dy]) => {
    const [clamped, capped, leaky] = [clamp(x!, -3, 3), relu6(x!), leakyRelu(x!, 0.25)];
    return {
      clamped,
      capped,
      leaky,
      clampGrad: emitOne('unaryGrad', { fn: 'clamp', min: -3, max: 3 }, [dy!, clamped]),
      cappedGrad: emitOne('unaryGrad', { fn: 'clamp', min: 0, max: 6 }, [dy!, capped]),
      leakyGrad: emitOne('unaryGrad', { fn: 'leakyRelu', slope: 0.25 }, [dy!, leaky]),
    };
  },
};

/** At the bounds as 32 bits hold them the gradient is 0, as it is beyond. */
const unevenBounds: ForwardCase = {
  name: 'clamp at bounds that 32 bits cannot hold, and its gradient',
  inputs: [{ shape: [6], fixed: Float32Array.of(-5, 0.1, 0.3, 0.5, 0.9, 3) }],
  build: ([x]) => {
    const y = clamp(x!, 0.1, 0.9);
    const [gradient] = gradients(sum(y), [x!]);
    return { y, gradient: gradient! };
  },
};

/** Windows with several maxima, of which the first takes the gradient; NaN would be the greatest. */
const poolTies: ForwardCase = {
  name: 'ties of maximum pooling',
  inputs: [
    { shape: [1, 1, 4, 4], fixed: Float32Array.of(1, 1, 2, 2, 1, 1, 2, 3, 0, 0, -1, 0, 0, 0, -1, -1) },
    { shape: [1, 1, 2, 2], fixed: Float32Array.of(1, 2, 3, 4) },
    { shape: [1, 1, 2, 2], fixed: Float32Array.of(5, 6, 7, 8) },
  ],
  build: ([x, dy, dz]) => {
    const even = { kernel: [2, 2], stride: [2, 2], padding: [0, 0] } as const;
    const overlapping = { kernel: [3, 3], stride: [2, 2], padding: [1, 1] } as const;
    const [y, z] = [emitOne('maxPool2d', even, [x!]), emitOne('maxPool2d', overlapping, [x!])];
    return {
      y,
      z,
      dx: emitOne('maxPool2dGrad', even, [dy!, x!, y]),
      dxOverlapping: emitOne('maxPool2dGrad', overlapping, [dz!, x!, z]),
    };
  },
};

/** Numbers that are far from zero, where a function must not overflow or lose its tail. */
const tails: ForwardCase = {
  name: 'activations far from zero',
  inputs: [
    { shape: [1, 2, 2, 3], fixed: Float32Array.of(-100, -20, -8, -5, -3, -1e-3, 1e-3, 3, 5, 8, 20, 100) },
  ],
  build: ([x]) => ({ tanh: tanh(x!), silu: silu(x!), gelu: gelu(x!), sigmoid: sigmoid(x!) }),
};

/** Where the sigmoid itself may be rounded to 0. */
const logarithmTails: ForwardCase = {
  name: 'logarithm of the sigmoid far from zero, and its gradient',
  inputs: [{ shape: [2, 4], fixed: Float32Array.of(-100, -50, -18, -17, -3, 0, 5, 100) }],
  build: ([x]) => {
    const y = logSigmoid(x!);
    // Smaller outputs apart: errors are relative to the largest value of an output.
    const [gradient] = gradients(sum(y), [x!]);
    return { y, near: slice(y, 0, 1, 2), gradient: gradient! };
  },
};

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

/** Logits of −∞, which mask classes: a class's loss is that of the others. Small and large, as engines differ. */
const maskedClasses: ForwardCase[] = [4, 640].map((points) => ({
  name: `softmaxCrossEntropy of ${points} rows with a masked class`,
  inputs: [
    {
      shape: [points, 4],
      fixed: Float32Array.from({ length: points * 4 }, (_, i) =>
        i % 4 === 1 + ((i >> 2) % 3) ? Number.NEGATIVE_INFINITY : i % 5,
      ),
    },
    { shape: [points], fixed: new Int32Array(points) },
  ],
  build: ([logits, labels]) => {
    const { loss, probabilities } = softmaxCrossEntropy(logits!, labels!, 0);
    const [gradient] = gradients(sum(loss), [logits!]);
    return { loss, probabilities, gradient: gradient! };
  },
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

/** Operations without gradients, corners of those that have them, and ways of using values. */
export const forwardCases: readonly ForwardCase[] = [
  comparisons,
  activationCorners,
  moreCorners,
  unevenBounds,
  poolTies,
  tails,
  logarithmTails,
  ...sgds,
  ...largeSgds,
  ...statistics,
  ...crossEntropies,
  ...maskedClasses,
  reductions,
  labels,
  outputs,
  ...mixed,
  ...channelScales,
  twoGradients,
];
