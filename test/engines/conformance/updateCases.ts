import { adamwUpdate, lionUpdate, rmspropUpdate } from '../../../src/graph/ops/adaptive.js';
import { averageUpdate } from '../../../src/graph/ops/average.js';
import { clamp, sub } from '../../../src/graph/ops/elementwise.js';
import { sgdUpdate } from '../../../src/graph/ops/sgd.js';
import type { Tensor } from '../../../src/graph/tensor.js';
import { type Shape, sizeOf } from '../../../src/graph/tensorType.js';
import type { CaseInput } from '../../support/gradientCheck.js';
import type { ForwardCase } from './forwardCases.js';

/** A parameter, its gradient, two state tensors of at least 0.1 and three scalars. */
function inputsOf(shape: Shape): CaseInput[] {
  return [
    { shape },
    { shape },
    ...[0, 1].map(() => ({ shape, low: 0.1, high: 0.9 })),
    ...[0, 1, 2].map(() => ({ shape: [], low: 0.05, high: 0.2 })),
  ];
}

type Update = (before: {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  readonly states: readonly [Tensor, Tensor];
  readonly learningRate: Tensor;
  readonly corrections: readonly [Tensor, Tensor];
}) => Record<string, Tensor>;

const updates: Readonly<Record<string, Update>> = {
  adamwUpdate: ({ states: [firstMoment, secondMoment], ...rest }) => ({
    ...adamwUpdate(
      { ...rest, firstMoment, secondMoment },
      { beta1: 0.9, beta2: 0.99, epsilon: 1e-3, weightDecay: 0.01 },
    ),
  }),
  'adamwUpdate without decay': ({ states: [firstMoment, secondMoment], ...rest }) => ({
    ...adamwUpdate(
      { ...rest, firstMoment, secondMoment },
      { beta1: 0.8, beta2: 0.9, epsilon: 1e-8, weightDecay: 0 },
    ),
  }),
  rmspropUpdate: ({ states: [squares, momentum], ...rest }) => ({
    ...rmspropUpdate(
      { ...rest, squares, momentum },
      { alpha: 0.9, epsilon: 1e-3, momentum: 0.9, weightDecay: 0.01, tensorFlow: false },
    ),
  }),
  'rmspropUpdate by TensorFlow’s rule': ({ states: [squares, momentum], ...rest }) => ({
    ...rmspropUpdate(
      { ...rest, squares, momentum },
      { alpha: 0.9, epsilon: 1e-3, momentum: 0.5, weightDecay: 0, tensorFlow: true },
    ),
  }),
};

const adaptive: ForwardCase[] = [
  [3, 5],
  [6, 4, 1, 1],
  [50, 60],
  [48, 64, 1, 1],
].flatMap((shape) =>
  Object.entries(updates).map(([name, update]) => ({
    name: `${name} of [${shape}]`,
    inputs: inputsOf(shape),
    build: (tensors: readonly Tensor[]) => {
      const [parameter, gradient, a, b, learningRate, c, d] = tensors as [
        Tensor,
        Tensor,
        Tensor,
        Tensor,
        Tensor,
        Tensor,
        Tensor,
      ];
      return update({ parameter, gradient, states: [a, b], learningRate, corrections: [c, d] });
    },
  })),
);

/** Numbers of both signs and zeros, none close to zero, so that no engine's rounding decides a sign. */
function signs(shape: Shape): Float32Array {
  return Float32Array.from({ length: sizeOf(shape) }, (_, i) => ((i % 3) - 1) * (0.25 + (i % 7) / 8));
}

const lions: ForwardCase[] = [
  [3, 5],
  [50, 60],
].map((shape) => ({
  name: `lionUpdate of [${shape}]`,
  inputs: [
    { shape },
    { shape, fixed: signs(shape) },
    { shape, fixed: signs(shape) },
    { shape: [], low: 0.05, high: 0.2 },
  ],
  build: ([parameter, gradient, momentum, learningRate]) => ({
    ...lionUpdate(
      { parameter: parameter!, gradient: gradient!, momentum: momentum!, learningRate: learningRate! },
      { beta1: 0.9, beta2: 0.99, weightDecay: 0.1 },
    ),
  }),
}));

const averages: ForwardCase[] = [
  [3, 5],
  [50, 60],
  [48, 64, 1, 1],
].map((shape) => ({
  name: `averageUpdate of [${shape}]`,
  inputs: [{ shape }, { shape }, { shape: [], low: 0.05, high: 0.2 }],
  build: ([average, value, share]) => ({ average: averageUpdate(average!, value!, share!) }),
}));

const plainSgd = { momentum: 0.9, weightDecay: 0.01, nesterov: false };

/** Results of updates that other operations read. */
const readUpdates: ForwardCase[] = [
  {
    name: 'clamped update',
    inputs: [{ shape: [3, 5] }, { shape: [3, 5] }, { shape: [3, 5] }, { shape: [], low: 0.05, high: 0.2 }],
    build: ([parameter, gradient, momentum, learningRate]) => {
      const next = sgdUpdate(
        { parameter: parameter!, gradient: gradient!, momentum: momentum!, learningRate: learningRate! },
        plainSgd,
      );
      return { clamped: clamp(next.parameter, -0.5, 0.5), momentum: next.momentum };
    },
  },
  {
    name: 'two updates in a row, and their averages',
    inputs: [{ shape: [3, 5] }, { shape: [3, 5] }, { shape: [3, 5] }, { shape: [], low: 0.05, high: 0.2 }],
    build: ([parameter, gradient, momentum, learningRate]) => {
      const state = { gradient: gradient!, learningRate: learningRate! };
      const first = sgdUpdate({ ...state, parameter: parameter!, momentum: momentum! }, plainSgd);
      const second = sgdUpdate({ ...state, ...first }, plainSgd);
      const average = averageUpdate(parameter!, first.parameter, learningRate!);
      return { ...second, average: averageUpdate(average, second.parameter, learningRate!) };
    },
  },
  {
    name: 'read of an average',
    inputs: [{ shape: [3, 5] }, { shape: [3, 5] }, { shape: [], low: 0.05, high: 0.2 }],
    build: ([average, value, share]) => {
      const next = averageUpdate(average!, value!, share!);
      return { next, distance: sub(value!, next) };
    },
  },
];

/** Updates of adaptive optimisers and of averages, small and large, and of results that are read. */
export const updateCases: readonly ForwardCase[] = [...adaptive, ...lions, ...averages, ...readUpdates];
