import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { freeze } from '../../src/graph/freeze.js';
import { Graph } from '../../src/graph/graph.js';
import { batchNormInference } from '../../src/graph/ops/batchNorm.js';
import { type Conv2dOptions, conv2d } from '../../src/graph/ops/conv.js';
import { add, relu } from '../../src/graph/ops/elementwise.js';
import { avgPool2d } from '../../src/graph/ops/pooling.js';
import type { Program } from '../../src/graph/program.js';
import { variablesOf } from '../../src/graph/program.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { verifyProgram } from '../../src/graph/verify.js';
import { onReference } from '../support/reference.js';
import { Samples } from '../support/samples.js';

const X = [2, 3, 8, 8] as const;

/** Operations with variables of their own. */
class Layers {
  private count = 0;
  constructor(readonly graph: Graph) {}

  private variable(shape: readonly number[]): Tensor {
    return this.graph.variable(`v${this.count++}`, shape);
  }

  conv(
    x: Tensor,
    channels: number,
    kernel: number,
    { bias: biased = false, ...options }: Conv2dOptions & { bias?: boolean } = {},
  ): Tensor {
    const weight = this.variable([channels, x.shape[1]! / (options.groups ?? 1), kernel, kernel]);
    const bias = biased ? this.variable([channels]) : undefined;
    return conv2d(x, weight, bias, options);
  }

  norm(x: Tensor): Tensor {
    const [gamma, beta, mean, variance] = Array.from({ length: 4 }, () => this.variable([x.shape[1]!]));
    return batchNormInference(x, gamma!, beta!, { mean: mean!, variance: variance! }, 1e-5);
  }
}

type Build = (x: Tensor, layers: Layers) => Tensor;

/** A network, and the operations that are left of it, in order. */
const networks: Readonly<Record<string, [build: Build, left: string]>> = {
  'convolution, norm': [(x, l) => l.norm(l.conv(x, 4, 3, { padding: 1 })), 'conv2d'],
  'norm, unpadded convolution': [(x, l) => l.conv(l.norm(x), 4, 3, { bias: true }), 'conv2d'],
  'norm, padded convolution': [
    (x, l) => l.conv(l.norm(x), 4, 3, { padding: 1 }),
    'batchNormInference conv2d',
  ],
  'norm, convolution, norm': [(x, l) => l.norm(l.conv(l.norm(x), 4, 1)), 'batchNormInference conv2d'],
  'convolution, norm, convolution': [(x, l) => l.conv(l.norm(l.conv(x, 4, 1)), 5, 1), 'conv2d conv2d'],
  'convolution with two uses': [
    (x, l) => {
      const y = l.conv(x, 4, 3);
      return add(y, l.norm(y));
    },
    'conv2d batchNormInference binary',
  ],
  'norm with two uses': [
    (x, l) => {
      const y = l.norm(x);
      return add(y, l.conv(y, 3, 1));
    },
    'batchNormInference conv2d binary',
  ],
  'pooling after a 1×1 convolution': [
    (x, l) => avgPool2d(l.conv(x, 4, 1, { bias: true }), 2),
    'avgPool2d conv2d',
  ],
  'pooling after a 3×3 convolution': [(x, l) => avgPool2d(l.conv(x, 4, 3), 2), 'conv2d avgPool2d'],
  'padded pooling': [
    (x, l) => avgPool2d(l.conv(x, 4, 1, { bias: true }), 2, { padding: 1 }),
    'conv2d avgPool2d',
  ],
  'pooling after ReLU': [(x, l) => avgPool2d(relu(l.conv(x, 4, 1)), 2), 'conv2d unary avgPool2d'],
  'a transition of DenseNet': [
    (x, l) => avgPool2d(l.conv(l.norm(relu(x)), 4, 1), 2),
    'unary avgPool2d conv2d',
  ],
  'a block of RepVGG': [
    (x, l) => {
      const sum = add(l.norm(l.conv(x, 3, 1)), l.norm(l.conv(x, 3, 3, { padding: 1 })));
      return relu(add(sum, l.norm(x)));
    },
    'conv2d unary',
  ],
  'a block of RepVGG with stride 2': [
    (x, l) => add(l.conv(x, 4, 3, { padding: 1, stride: 2 }), l.conv(x, 4, 1, { stride: 2, bias: true })),
    'conv2d',
  ],
  'depthwise branches and a norm': [
    (x, l) => {
      const large = l.conv(x, 3, 5, { padding: 2, groups: 3 });
      return add(l.norm(x), add(large, l.conv(x, 3, 3, { padding: 1, groups: 3 })));
    },
    'conv2d',
  ],
  'a norm of another tensor': [
    (x, l) => {
      const four = l.conv(x, 4, 1);
      return add(l.conv(four, 4, 3, { padding: 1, groups: 2 }), l.norm(relu(four)));
    },
    'conv2d conv2d unary batchNormInference binary',
  ],
  'a norm beside a convolution in two groups': [
    (x, l) => {
      const four = relu(l.conv(x, 4, 1));
      return add(l.conv(four, 4, 3, { padding: 1, groups: 2 }), l.norm(four));
    },
    'conv2d unary conv2d',
  ],
  'branches of unlike dilation': [
    (x, l) => add(l.conv(x, 4, 3, { padding: 2, dilation: 2 }), l.conv(x, 4, 3, { padding: 1 })),
    'conv2d conv2d binary',
  ],
  'branches of different tensors': [
    (x, l) => add(l.conv(x, 4, 1), l.conv(relu(x), 4, 1)),
    'conv2d unary conv2d binary',
  ],
  'a branch with two uses': [
    (x, l) => {
      const y = l.conv(x, 4, 1);
      return add(add(y, l.conv(x, 4, 1)), y);
    },
    'conv2d conv2d binary binary',
  ],
  'overlapping windows': [(x, l) => avgPool2d(l.norm(l.conv(x, 4, 1)), 3, { stride: 2 }), 'avgPool2d conv2d'],
};

function outputs(
  program: Program,
  values: ReadonlyMap<string, Float32Array>,
  x: Float32Array,
): ArrayLike<number> {
  return onReference(program, values).executable.run({ x: x.slice() }).y!;
}

describe('a frozen program', () => {
  for (const [name, [build, left]] of Object.entries(networks)) {
    it(`of ${name}: ${left}, with the same outputs`, () => {
      const samples = new Samples(name);
      const graph = new Graph();
      const y = build(graph.input('x', X), new Layers(graph));
      const program = graph.program({ y }, new Map());
      const values = new Map(
        variablesOf(program).map(({ name: key, shape }) => [
          key,
          Float32Array.from(samples.floats(shape, 0.2, 1.2)),
        ]),
      );
      const frozen = freeze(program, values);
      verifyProgram(frozen);
      const kinds = frozen.nodes
        .map(({ kind }) => kind)
        .filter((kind) => kind !== 'input' && kind !== 'constant');
      assert.equal(kinds.join(' '), left);
      const x = Float32Array.from(samples.floats(X));
      const [expected, found] = [outputs(program, values, x), outputs(frozen, values, x)];
      assert.equal(found.length, expected.length);
      Array.from(found).forEach((value, i) => {
        assert.ok(Math.abs(value - expected[i]!) <= 1e-5 * Math.max(1, Math.abs(expected[i]!)), `${i}`);
      });
    });
  }
});
