import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReferenceBackend } from '../../src/engines/reference/backend.js';
import { Graph } from '../../src/graph/graph.js';
import { batchNormInference, batchNormTrain } from '../../src/graph/ops/batchNorm.js';
import { conv2d } from '../../src/graph/ops/conv.js';
import { softmaxCrossEntropy } from '../../src/graph/ops/crossEntropy.js';
import { hsigmoid, hswish, logSigmoid } from '../../src/graph/ops/elementwise.js';
import { matmul } from '../../src/graph/ops/matmul.js';
import { adaptiveAvgPool2d, avgPool2d } from '../../src/graph/ops/pooling.js';
import { variance } from '../../src/graph/ops/reduce.js';
import { sgdUpdate } from '../../src/graph/ops/sgd.js';
import { channelShuffle, transpose } from '../../src/graph/ops/shape.js';
import type { Tensor } from '../../src/graph/tensor.js';
import type { Shape } from '../../src/graph/tensorType.js';

/** Values worked out by hand: finite differences tie gradients to values, these tie values to definitions. */
interface KnownValue {
  readonly name: string;
  readonly build: (tensor: (values: number[], shape: Shape) => Tensor, graph: Graph) => Tensor;
  readonly expected: readonly number[];
}

const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

const convolutions: KnownValue[] = [
  {
    name: 'conv2d correlates, it does not flip',
    build: (t) => conv2d(t(count(9), [1, 1, 3, 3]), t([1, 0, 0, 10], [1, 1, 2, 2])),
    expected: [51, 62, 84, 95],
  },
  {
    name: 'conv2d pads with zeros, height and width apart',
    build: (t) =>
      conv2d(t([1, 2], [1, 1, 1, 2]), t([1, 1, 1], [1, 1, 1, 3]), t([0.5], [1]), { padding: [1, 1] }),
    expected: [0.5, 0.5, 3.5, 3.5, 0.5, 0.5],
  },
  {
    name: 'conv2d strides',
    build: (t) => conv2d(t(count(10), [1, 1, 2, 5]), t([1], [1, 1, 1, 1]), undefined, { stride: [1, 2] }),
    expected: [1, 3, 5, 6, 8, 10],
  },
  {
    name: 'conv2d keeps groups apart: two outputs from each of two inputs',
    build: (t) => conv2d(t([1, 10], [1, 2, 1, 1]), t([1, 2, 3, 4], [4, 1, 1, 1]), undefined, { groups: 2 }),
    expected: [1, 2, 30, 40],
  },
  {
    name: 'matmul of transposed matrices',
    build: (t) =>
      matmul(t([1, 2, 3, 4, 5, 6], [3, 2]), t([1, 0, 1], [1, 3]), { transposeA: true, transposeB: true }),
    expected: [6, 8],
  },
];

const pools: KnownValue[] = [
  {
    name: 'avgPool2d counts padding in the average',
    build: (t) => avgPool2d(t([2, 4, 6, 8], [1, 1, 2, 2]), [2, 1], { stride: [2, 1], padding: [1, 0] }),
    expected: [1, 2, 3, 4],
  },
  {
    name: 'avgPool2d over windows that overlap',
    build: (t) => avgPool2d(t(count(6), [1, 1, 2, 3]), 2, { stride: 1 }),
    expected: [3, 4],
  },
  {
    name: 'adaptiveAvgPool2d of 5 to 3: windows 0–1, 1–3, 3–4',
    build: (t) => adaptiveAvgPool2d(t(count(5), [1, 1, 1, 5]), [1, 3]),
    expected: [1.5, 3, 4.5],
  },
  {
    name: 'adaptiveAvgPool2d of 2 to 3: windows 0, 0–1, 1',
    build: (t) => adaptiveAvgPool2d(t([2, 6], [1, 1, 2, 1]), [3, 1]),
    expected: [2, 4, 6],
  },
];

const normalisations: KnownValue[] = [
  {
    name: 'batchNormTrain divides by the biased deviation of batch and image',
    build: (t) => batchNormTrain(t([1, 5, 3, 7], [2, 2, 1, 1]), t([1, 2], [2]), t([0, 1], [2]), 0).y,
    expected: [-1, -1, 1, 3],
  },
  {
    name: 'batchNormTrain gives the biased variance',
    build: (t) => batchNormTrain(t([1, 5, 3, 9], [2, 2, 1, 1]), t([1, 1], [2]), t([0, 0], [2]), 0).variance,
    expected: [1, 4],
  },
  {
    name: 'batchNormInference adds ε to the variance',
    build: (t) =>
      batchNormInference(
        t([5], [1, 1, 1, 1]),
        t([3], [1]),
        t([1], [1]),
        { mean: t([1], [1]), variance: t([3], [1]) },
        1,
      ),
    expected: [7],
  },
  { name: 'the variance is unbiased', build: (t) => variance(t([1, 2, 6], [3])), expected: [7] },
  {
    name: 'cross-entropy of even logits is log K',
    build: (t, graph) =>
      softmaxCrossEntropy(t([7, 7, 7, 7], [1, 4]), graph.constant(Int32Array.of(2), [1])).loss,
    expected: [Math.log(4)],
  },
  {
    name: 'cross-entropy leaves out a class of logit −∞',
    build: (t, graph) =>
      softmaxCrossEntropy(t([1, Number.NEGATIVE_INFINITY, 3], [1, 3]), graph.constant(Int32Array.of(0), [1]))
        .loss,
    expected: [Math.log(1 + Math.exp(2))],
  },
  {
    name: 'label smoothing spreads its share over all classes, the label’s own included',
    build: (t, graph) =>
      softmaxCrossEntropy(t([1, 0], [1, 2]), graph.constant(Int32Array.of(0), [1]), 0.5).loss,
    expected: [Math.log(Math.E + 1) - 0.75],
  },
];

const others: KnownValue[] = [
  { name: 'hswish', build: (t) => hswish(t([-4, -1.5, 0, 3, 6], [5])), expected: [0, -0.375, 0, 3, 6] },
  { name: 'hsigmoid', build: (t) => hsigmoid(t([-4, -1.5, 0, 6], [4])), expected: [0, 0.25, 0.5, 1] },
  {
    name: 'logSigmoid, where the sigmoid is tiny and where it is nearly 1',
    build: (t) => logSigmoid(t([-800, -1, 0, 1, 800], [5])),
    expected: [-800, -1 - Math.log(1 + 1 / Math.E), -Math.LN2, -Math.log(1 + 1 / Math.E), 0],
  },
  {
    name: 'channelShuffle of 6 channels in 2 groups',
    build: (t) => channelShuffle(t(count(6), [1, 6, 1, 1]), 2),
    expected: [1, 4, 2, 5, 3, 6],
  },
  {
    name: 'transpose',
    build: (t) => transpose(t(count(6), [1, 2, 3]), [2, 0, 1]),
    expected: [1, 4, 2, 5, 3, 6],
  },
  ...[
    { nesterov: false, expected: 1 - 0.5 * (0.5 * 4 + 3) },
    { nesterov: true, expected: 1 - 0.5 * (3 + 0.5 * 5) },
  ].map(
    ({ nesterov, expected }): KnownValue => ({
      name: `sgdUpdate of w 1, g 2, m 4, λ 1, μ ½, η ½, Nesterov ${nesterov}`,
      build: (t) =>
        sgdUpdate(
          {
            parameter: t([1], [1]),
            gradient: t([2], [1]),
            momentum: t([4], [1]),
            learningRate: t([0.5], []),
          },
          { momentum: 0.5, weightDecay: 1, nesterov },
        ).parameter,
      expected: [expected],
    }),
  ),
];

for (const { name, build, expected } of [...convolutions, ...pools, ...normalisations, ...others]) {
  test(name, () => {
    const graph = new Graph();
    const y = build((values, shape) => graph.constant(Float32Array.from(values), shape), graph);
    const found = new ReferenceBackend().compile(graph.program({ y })).runExact({}).y!;
    assert.equal(found.length, expected.length);
    expected.forEach((value, i) => {
      assert.ok(Math.abs(found[i]! - value) < 1e-12, `[${[...found]}], not [${expected}]`);
    });
  });
}
