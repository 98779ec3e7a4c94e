import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Matrix } from '../../../src/engines/onednn/kernels/linear.js';
import { kernelGradient, winograd } from '../../../src/engines/onednn/kernels/winogradMatrices.js';
import { Samples } from '../../support/samples.js';

function times(matrix: Matrix, vector: readonly number[]): number[] {
  return matrix.map((row) => row.reduce((sum, value, i) => sum + value * vector[i]!, 0));
}

function product(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, i) => value * b[i]!);
}

function assertClose(found: readonly number[], expected: readonly number[]): void {
  assert.equal(found.length, expected.length);
  for (const [i, value] of found.entries())
    assert.ok(Math.abs(value - expected[i]!) < 1e-12, `${value}, not ${expected[i]}`);
}

const samples = new Samples('winograd');
const patch = [...samples.floats([6])];
const kernel = [...samples.floats([3])];
const gradient = [...samples.floats([4])];

test('Aᵀ[(G·g) ⊙ (Bᵀ·d)] is the correlation of six numbers with three', () => {
  const expected = [0, 1, 2, 3].map((i) => kernel.reduce((sum, tap, k) => sum + tap * patch[i + k]!, 0));
  const found = times(winograd.output, product(times(winograd.kernel, kernel), times(winograd.input, patch)));
  assertClose(found, expected);
});

test('Gᵀ[(Bᵀ·d) ⊙ (A·dy)] is its gradient toward the three', () => {
  const expected = [0, 1, 2].map((k) => gradient.reduce((sum, dy, i) => sum + dy * patch[i + k]!, 0));
  const points = product(times(winograd.input, patch), times(winograd.outputGradient, gradient));
  assertClose(times(kernelGradient, points), expected);
});
