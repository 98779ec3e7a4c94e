import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ReferenceBackend } from '../../src/engines/reference/backend.js';
import { SettingError, UsageError } from '../../src/errors.js';
import { Graph } from '../../src/graph/graph.js';
import {
  GELU,
  Hardsigmoid,
  Hardswish,
  Hardtanh,
  LeakyReLU,
  ReLU,
  ReLU6,
  Sigmoid,
  SiLU,
  Tanh,
} from '../../src/nn/activations.js';
import type { Layer } from '../../src/nn/layer.js';
import { BatchNorm2d, Conv2d } from '../../src/nn/layers.js';
import { AdaptiveAvgPool2d, AvgPool2d, MaxPool2d } from '../../src/nn/pooling.js';
import { Sequential } from '../../src/nn/sequential.js';
import { Trace } from '../../src/nn/trace.js';

function apply(layer: Layer, x: readonly number[], shape = [1, 1, 1, x.length]): number[] {
  const graph = new Graph();
  const y = layer.forward(graph.input('x', shape), new Trace(graph, layer, false));
  const executable = new ReferenceBackend().compile(graph.program({ y }));
  return [...executable.runExact({ x: Float64Array.from(x) }).y!].map((value) => Number(value.toFixed(4)));
}

describe('Conv2d', () => {
  test('refuses groups that do not divide the channels', () => {
    assert.throws(() => new Conv2d(3, 8, 3, { groups: 2 }), {
      name: UsageError.name,
      message: 'Conv2d: 2 groups do not divide 3 input channels',
    });
    assert.throws(() => new Conv2d(4, 6, 3, { groups: 4 }), /4 groups do not divide 6 output channels/);
    assert.throws(() => new Conv2d(4, 4, 3, { groups: 1.5 }), /groups must be a whole number of 1 or more/);
    assert.deepEqual(new Conv2d(8, 4, 3, { groups: 4 }).weight.shape, [4, 2, 3, 3]);
  });

  test('keeps the size at stride 1, with a dilation too', () => {
    const layer = new Conv2d(1, 2, 3, { dilation: 2 });
    const graph = new Graph();
    const y = layer.forward(graph.input('x', [1, 1, 9, 7]), new Trace(graph, layer, false));
    assert.deepEqual(y.shape, [1, 2, 9, 7]);
  });
});

/** The values are PyTorch's, of modules of the same names. */
test('activations by PyTorch’s names and defaults', () => {
  const x = [-4, -0.5, 0, 2, 7];
  const expected: [Layer, number[]][] = [
    [new ReLU(), [0, 0, 0, 2, 7]],
    [new ReLU6(), [0, 0, 0, 2, 6]],
    [new Hardtanh(), [-1, -0.5, 0, 1, 1]],
    [new LeakyReLU(), [-0.04, -0.005, 0, 2, 7]],
    [new SiLU(), [-0.0719, -0.1888, 0, 1.7616, 6.9936]],
    [new GELU(), [-0.0001, -0.1543, 0, 1.9545, 7]],
    [new Tanh(), [-0.9993, -0.4621, 0, 0.964, 1]],
    [new Sigmoid(), [0.018, 0.3775, 0.5, 0.8808, 0.9991]],
    [new Hardswish(), [0, -0.2083, 0, 1.6667, 7]],
    [new Hardsigmoid(), [0, 0.4167, 0.5, 0.8333, 1]],
  ];
  for (const [layer, values] of expected)
    assert.deepEqual(
      apply(layer, x).map((y) => y + 0),
      values,
      layer.constructor.name,
    );
});

test('pooling layers', () => {
  const x = [1, 5, 2, 4, 3, 9, 8, 6, 7, -1, -2, -3, -4, -5, -6, -7];
  assert.deepEqual(apply(new MaxPool2d(2), x, [1, 1, 4, 4]), [9, 8, 7, -2]);
  assert.deepEqual(
    apply(new MaxPool2d(3, { stride: 2, padding: 1 }), [-1, -2, -3, -4], [1, 1, 2, 2]),
    [-1],
    'padding is −∞',
  );
  assert.deepEqual(apply(new AvgPool2d(2), x, [1, 1, 4, 4]), [4.5, 5, -0.75, -4.5]);
  assert.deepEqual(apply(new AdaptiveAvgPool2d(1), x, [1, 1, 4, 4]), [1.0625]);
});

test('a layer under two properties is refused by the names of both', () => {
  class Tied extends ReLU {
    readonly conv1 = new Conv2d(3, 3, 1);
    readonly conv2 = this.conv1;
  }
  assert.throws(() => new Trace(new Graph(), new Tied(), true), {
    name: UsageError.name,
    message: 'conv1.weight and conv2.weight are the same parameter: layers that are shared are not supported',
  });
});

test('BatchNorm2d refuses to be trained on one value per channel, as PyTorch', () => {
  const run = (shape: number[], training: boolean, options: ConstructorParameters<typeof Trace>[3] = {}) => {
    const model = new Sequential([new BatchNorm2d(3)]);
    const graph = new Graph();
    model.forward(graph.input('x', shape), new Trace(graph, model, training, options));
  };
  assert.throws(() => run([1, 3, 1, 1], true), {
    name: SettingError.name,
    message: /^the batch normalisation 0 cannot be trained on one value per channel: .* batchSize/,
  });
  run([1, 3, 1, 2], true);
  run([2, 3, 1, 1], true);
  run([1, 3, 1, 1], true, { syncRanks: 2 });
  run([1, 3, 1, 1], true, { frozen: new Set(['0.weight']) });
  run([1, 3, 1, 1], false);
});
