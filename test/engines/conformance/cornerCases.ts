import { gradients } from '../../../src/graph/autodiff.js';
import { softmaxCrossEntropy } from '../../../src/graph/ops/crossEntropy.js';
import {
  clamp,
  equal,
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
  sigmoid,
  silu,
  tanh,
} from '../../../src/graph/ops/elementwise.js';
import { sum } from '../../../src/graph/ops/reduce.js';
import { reshape, slice } from '../../../src/graph/ops/shape.js';
import { emitOne } from '../../../src/graph/tensor.js';
import type { ForwardCase } from './forwardCases.js';

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

/** Functions and their derivatives at corners, ties and far from zero. */
export const cornerCases: readonly ForwardCase[] = [
  comparisons,
  activationCorners,
  moreCorners,
  unevenBounds,
  poolTies,
  tails,
  logarithmTails,
  ...maskedClasses,
];
