import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillUniform, permutation, uniform01, uniformSource } from '../src/random.js';

test('numbers are uniform: each of 64 bins has its share, neighbours are unrelated', () => {
  const count = 64_000;
  const numbers = new Float32Array(count);
  fillUniform(numbers, 1, 'test', 5);
  const bins = new Float64Array(64);
  for (const x of numbers) bins[Math.floor(x * 64)]! += 1;
  const chiSquare = bins.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
  assert.ok(chiSquare < 110, `chi-square of 63 degrees of freedom: ${chiSquare}`);
  for (const lag of [1, 2, 64]) {
    let product = 0;
    for (let i = lag; i < count; i++) product += (numbers[i]! - 0.5) * (numbers[i - lag]! - 0.5);
    assert.ok(Math.abs(product / count) * 12 < 0.02, `correlation at lag ${lag}`);
  }
});

test('seed, stream and both counters matter, and a source gives what uniform01 gives', () => {
  const numbers = [
    uniform01(1, 'a', 2, 3),
    uniform01(2, 'a', 2, 3),
    uniform01(1 + 2 ** 32, 'a', 2, 3),
    uniform01(1, 'b', 2, 3),
    uniform01(1, 'a', 3, 3),
    uniform01(1, 'a', 2, 4),
    uniform01(1, 'a', 3, 2),
  ];
  assert.equal(new Set(numbers).size, numbers.length);
  assert.equal(uniformSource(1, 'a')(2, 3), numbers[0]);
});

test('an order holds everything once, differs from epoch to epoch, and is fair to each place', () => {
  const order = permutation(3, 0, 1000);
  assert.deepEqual(
    [...order].sort((a, b) => a - b),
    Array.from({ length: 1000 }, (_, i) => i),
  );
  assert.deepEqual(permutation(3, 0, 1000), order);
  assert.notDeepEqual(permutation(3, 1, 1000), order);
  assert.notDeepEqual(permutation(4, 0, 1000), order);
  const firsts = new Float64Array(10);
  for (let epoch = 0; epoch < 5000; epoch++) firsts[permutation(3, epoch, 10)[0]!]! += 1;
  const chiSquare = firsts.reduce((sum, n) => sum + (n - 500) ** 2 / 500, 0);
  assert.ok(chiSquare < 30, `chi-square of 9 degrees of freedom: ${chiSquare}`);
  assert.deepEqual([...permutation(3, 0, 1)], [0]);
  assert.equal(permutation(3, 0, 0).length, 0);
});
