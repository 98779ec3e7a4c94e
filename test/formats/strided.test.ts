import assert from 'node:assert/strict';
import { it } from 'node:test';
import { checkView, contiguousStrides, copyStrided, isContiguous } from '../../src/formats/strided.js';

it('contiguous views are known', () => {
  assert.deepEqual(contiguousStrides([2, 3, 4]), [12, 4, 1]);
  assert.deepEqual(contiguousStrides([2, 0, 4]), [4, 4, 1]);
  assert.ok(isContiguous({ offset: 5, shape: [2, 3], strides: [3, 1] }));
  assert.ok(isContiguous({ offset: 0, shape: [1, 3], strides: [77, 1] }));
  assert.ok(isContiguous({ offset: 0, shape: [], strides: [] }));
  assert.ok(!isContiguous({ offset: 0, shape: [3, 2], strides: [1, 3] }));
  assert.ok(!isContiguous({ offset: 0, shape: [3], strides: [0] }));
});

it('transposed, stepped and repeated elements are copied in order', () => {
  const source = Uint8Array.from({ length: 24 }, (_, i) => i);
  const pairs = (bytes: Uint8Array): number[] => [...bytes].filter((_, i) => i % 2 === 0).map((x) => x / 2);
  assert.deepEqual(
    pairs(copyStrided(source, 2, { offset: 0, shape: [3, 4], strides: [1, 3] })),
    [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11],
  );
  assert.deepEqual(
    pairs(copyStrided(source, 2, { offset: 1, shape: [2, 2, 2], strides: [0, 6, 2] })),
    [1, 3, 7, 9, 1, 3, 7, 9],
  );
  assert.deepEqual(pairs(copyStrided(source, 2, { offset: 11, shape: [], strides: [] })), [11]);
  assert.equal(copyStrided(source, 2, { offset: 0, shape: [0, 2], strides: [2, 1] }).length, 0);
});

it('views outside of their storage are refused', () => {
  const valid = { offset: 2, shape: [2, 3], strides: [3, 1] };
  assert.equal(checkView(valid, 8), 6);
  assert.match(String(checkView(valid, 7)), /needs 8 elements of a storage of 7/);
  assert.equal(checkView({ offset: 3, shape: [0], strides: [1] }, 3), 0);
  assert.match(String(checkView({ offset: 4, shape: [0], strides: [1] }, 3)), /needs 4/);
  for (const wrong of [
    { offset: -1 },
    { offset: 0.5 },
    { strides: [3, -1] },
    { strides: [1] },
    { shape: [-1, 3] },
  ])
    assert.equal(typeof checkView({ ...valid, ...wrong }, 100), 'string');
  const huge = { offset: 0, shape: [2, 2], strides: [2 ** 52, 2 ** 52] };
  assert.equal(typeof checkView(huge, 100), 'string');
  const ones = new Array(65).fill(1);
  assert.match(String(checkView({ offset: 0, shape: ones, strides: ones }, 1)), /65 dimensions/);
});
