import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { freeArrays } from '../../../src/engines/host/freeArrays.js';

test('arrays are freed at once, those that share their buffer are not', async () => {
  // The port's other end closes in the background.
  await setTimeout(50);
  const before = process.memoryUsage().arrayBuffers;
  const array = new Float32Array(2 ** 22).fill(1);
  const part = new Float32Array(16).subarray(4);
  assert.ok(process.memoryUsage().arrayBuffers - before >= array.byteLength);
  freeArrays([array, part]);
  assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 20);
  assert.equal(array.length, 0);
  assert.equal(part.length, 12);
});
