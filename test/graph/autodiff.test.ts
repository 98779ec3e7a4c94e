import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gradients } from '../../src/graph/autodiff.js';
import { Graph } from '../../src/graph/graph.js';
import { batchNormTrain } from '../../src/graph/ops/batchNorm.js';
import { softmaxCrossEntropy } from '../../src/graph/ops/crossEntropy.js';
import { exp, greater, mul } from '../../src/graph/ops/elementwise.js';
import { sum } from '../../src/graph/ops/reduce.js';
import { detach, reshape } from '../../src/graph/ops/shape.js';
import { GraphError } from '../../src/graph/tensorType.js';

function refuses(build: (graph: Graph) => unknown, message: RegExp): void {
  assert.throws(
    () => build(new Graph()),
    (error) => error instanceof GraphError && message.test(error.message),
  );
}

test('the loss must be a scalar', () =>
  refuses((graph) => gradients(exp(graph.input('x', [2, 3])), []), /need a scalar loss, not \[2, 3\]/));

test('a loss of one element in several axes will do', () => {
  const graph = new Graph();
  const x = graph.input('x', [3]);
  const [dx] = gradients(reshape(sum(exp(x)), [1, 1]), [x]);
  assert.deepEqual(dx!.shape, [3]);
});

test('the loss must depend on what its gradient is asked for', () => {
  refuses(
    (graph) => gradients(sum(graph.input('x', [2])), [graph.variable('layer.weight', [2])]),
    /the loss does not depend on layer\.weight/,
  );
  for (const stop of [detach, (x: Parameters<typeof detach>[0]) => greater(x, 0)]) {
    refuses((graph) => {
      const x = graph.input('x', [2]);
      return gradients(sum(stop(x)), [x]);
    }, /the loss does not depend on x/);
  }
  refuses((graph) => {
    const x = graph.input('x', [2]);
    return gradients(sum(x), [exp(x)]);
  }, /does not depend on a unary of f32\[2\]/);
});

test('gradients do not flow through probabilities or batch statistics', () => {
  refuses((graph) => {
    const x = graph.input('x', [2, 3]);
    const { probabilities } = softmaxCrossEntropy(x, graph.input('labels', [2], 'i32'));
    return gradients(sum(probabilities), [x]);
  }, /gradients flow through the loss, not the probabilities/);
  refuses((graph) => {
    const x = graph.input('x', [2, 3, 4, 4]);
    const { y, mean } = batchNormTrain(x, graph.variable('g', [3]), graph.variable('b', [3]), 1e-5);
    return gradients(mul(sum(y), sum(mean)), [x]);
  }, /gradients flow through y, not the batch statistics/);
});

test('second derivatives are refused, not taken for zero', () => {
  refuses((graph) => {
    const x = graph.input('x', [2, 3]);
    const labels = graph.input('labels', [2], 'i32');
    const [dx] = gradients(sum(softmaxCrossEntropy(x, labels).loss), [x]);
    return gradients(sum(mul(dx!, x)), [x]);
  }, /no gradient through softmaxCrossEntropyGrad: second derivatives are not supported/);
});

test('gradients toward what is in between, and toward the loss itself', () => {
  const graph = new Graph();
  const x = graph.input('x', [2]);
  const y = exp(x);
  const loss = sum(mul(y, y));
  const [dx, dy, dloss] = gradients(loss, [x, y, loss]);
  assert.deepEqual([dx!.shape, dy!.shape, dloss!.shape], [[2], [2], []]);
});

test('nodes that the loss does not need get no gradient', () => {
  const graph = new Graph();
  const x = graph.input('x', [2]);
  const loss = sum(exp(x));
  mul(x, graph.variable('unused', [2]));
  const [dx] = gradients(loss, [x]);
  const kinds = graph.program({ dx: dx! }).nodes.map(({ kind }) => kind);
  assert.ok(!kinds.includes('variable'), kinds.join(' '));
});
