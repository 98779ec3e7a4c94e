import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReferenceBackend } from '../../src/engines/reference/backend.js';
import { gradients } from '../../src/graph/autodiff.js';
import { Graph } from '../../src/graph/graph.js';
import type { OpKind } from '../../src/graph/op.js';
import { exp, maximum, minimum, mul, sigmoid } from '../../src/graph/ops/elementwise.js';
import { amax, amin, sum, variance } from '../../src/graph/ops/reduce.js';
import { concat, detach, slice } from '../../src/graph/ops/shape.js';
import { gradientRules } from '../../src/graph/ops/table.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { checkGradients } from '../support/gradientCheck.js';
import { convolutionCases } from './gradients/convolutionCases.js';
import { elementwiseCases } from './gradients/elementwiseCases.js';
import { shapeCases } from './gradients/shapeCases.js';
import { softTargetCases } from './gradients/softTargetCases.js';

const covered = new Set<OpKind>();

for (const gradientCase of [...convolutionCases, ...elementwiseCases, ...shapeCases, ...softTargetCases]) {
  test(gradientCase.name, () => {
    for (const kind of checkGradients(gradientCase)) covered.add(kind);
  });
}

/** The gradient of Σ f(x) at some values. */
function gradientAt(values: readonly number[], f: (x: Tensor) => Tensor): number[] {
  const graph = new Graph();
  const x = graph.input('x', [values.length]);
  const [dx] = gradients(sum(f(x)), [x]);
  const { gradient } = new ReferenceBackend()
    .compile(graph.program({ gradient: dx! }))
    .runExact({ x: Float64Array.from(values) });
  return [...gradient!];
}

test('ties share the gradient', () => {
  const pairs = (f: (a: Tensor, b: Tensor) => Tensor) => (x: Tensor) =>
    f(slice(x, 0, 0, 2), slice(x, 0, 2, 4));
  assert.deepEqual(gradientAt([1, 5, 1, 3], pairs(maximum)), [0.5, 1, 0.5, 0]);
  assert.deepEqual(gradientAt([1, 5, 1, 3], pairs(minimum)), [0.5, 0, 0.5, 1]);
  assert.deepEqual(
    gradientAt([2, 7, 7, 0], (x) => amax(x)),
    [0, 0.5, 0.5, 0],
  );
  assert.deepEqual(
    gradientAt([0, 7, 0, 0], (x) => amin(x)),
    [1 / 3, 0, 1 / 3, 1 / 3],
  );
});

test('the variance of one element is 0 and has gradient 0', () => {
  assert.deepEqual(
    gradientAt([3], (x) => variance(x)),
    [0],
  );
});

test('detach stops the gradient and nothing else', () => {
  assert.deepEqual(
    gradientAt([2, -3], (x) => mul(x, detach(x))),
    [2, -3],
  );
});

test('gradients of complementary slices are joined, not padded', () => {
  const graph = new Graph();
  const x = graph.input('x', [4, 2]);
  const y = concat([exp(slice(x, 0, 1, 4)), sigmoid(slice(x, 0, 0, 1))], 0);
  const [dx] = gradients(sum(y), [x]);
  const kinds = graph.program({ dx: dx! }).nodes.map(({ kind }) => kind);
  assert.ok(!kinds.includes('pad'), kinds.join(' '));
});

test('every operation that has a gradient rule is checked', () => {
  const kinds = Object.entries(gradientRules).flatMap(([kind, rule]) =>
    typeof rule === 'function' ? [kind as OpKind] : [],
  );
  assert.ok(kinds.length > 15);
  assert.deepEqual(
    kinds.filter((kind) => !covered.has(kind)),
    [],
  );
});
