import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runPython, skipWithoutPython } from '../support/python.js';

const skip = skipWithoutPython();

test('tensors and arguments go to Python and come back', { skip }, async () => {
  const { values, tensors } = await runPython<{ total: number }>(
    `
result['double'] = tensors['x'] * args['factor']
result['mask'] = tensors['x'] > 2
result['labels'] = tensors['y']
result['total'] = tensors['x'].sum().item()
`,
    {
      args: { factor: 2 },
      tensors: {
        x: { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
        y: { shape: [2], data: BigInt64Array.of(7n, -1n) },
      },
    },
  );
  assert.equal(values.total, 10);
  assert.deepEqual(tensors.double, { shape: [2, 2], data: Float32Array.of(2, 4, 6, 8) });
  assert.deepEqual(tensors.mask, { shape: [2, 2], data: Uint8Array.of(0, 0, 1, 1) });
  assert.deepEqual(tensors.labels, { shape: [2], data: BigInt64Array.of(7n, -1n) });
});

test('a failing snippet rejects with its traceback', { skip }, async () => {
  await assert.rejects(runPython('raise ValueError("wrong shape")'), /ValueError: wrong shape/);
});

test('a missing module is a reason to skip', () => {
  assert.match(String(skipWithoutPython('no_such_module_here')), /cannot import no_such_module_here/);
});
