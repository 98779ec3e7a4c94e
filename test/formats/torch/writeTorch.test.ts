import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromFloat32, fromInt64, type StoredTensors, storedTensor } from '../../../src/formats/tensor.js';
import type { TorchExtra } from '../../../src/formats/torch/extras.js';
import { readTorchCheckpoint } from '../../../src/formats/torch/readTorch.js';
import { writeTorchCheckpoint } from '../../../src/formats/torch/writeTorch.js';
import { joinBytes } from '../support/bytes.js';

const tensors: StoredTensors = new Map([
  ['w', fromFloat32([2, 3], Float32Array.of(1, 2, 3, 4, 5, Number.NaN))],
  ['counter', fromInt64([], BigInt64Array.of(2n ** 62n))],
  ['naïve', storedTensor('bool', [2], Uint8Array.of(1, 0))],
  ['empty', storedTensor('f16', [0, 7], new Uint8Array(0))],
]);

describe('written checkpoints', () => {
  for (const wrapper of [null, 'net', 'state_dict', 'model'] as const) {
    it(`are read as they were: ${wrapper ?? 'bare'}`, () => {
      const extras = new Map<string, TorchExtra>(
        wrapper === null
          ? []
          : [
              ['acc', 12.34],
              ['epoch', 7],
              ['infinite', Infinity],
              ['negative', -300],
              ['big', 2 ** 52],
              ['done', false],
              ['name', 'x'],
            ],
      );
      const file = joinBytes(writeTorchCheckpoint(tensors, { wrapper, extras }));
      const found = readTorchCheckpoint(file, 'a.pth');
      assert.deepEqual([...found.tensors], [...tensors]);
      assert.deepEqual([found.wrapper, found.extras], [wrapper, extras]);
    });
  }

  it('have every storage at a multiple of 64 bytes, and share the tensors’ memory', () => {
    const chunks = writeTorchCheckpoint(tensors);
    for (const { data } of tensors.values()) assert.ok(chunks.includes(data));
    for (const { data } of readTorchCheckpoint(joinBytes(chunks), 'a.pth').tensors.values())
      assert.equal(data.byteOffset % 64, 0);
  });

  it('cannot hold extras without a wrapper or of its name, or names that are not Unicode', () => {
    const layout = { wrapper: 'net', extras: new Map([['net', 'resnet18']]) };
    assert.throws(() => writeTorchCheckpoint(tensors, layout), RangeError);
    assert.throws(() => writeTorchCheckpoint(tensors, { extras: new Map([['epoch', 1]]) }), RangeError);
    assert.throws(() => writeTorchCheckpoint(new Map([['\ud800', tensors.get('w')!]])), RangeError);
  });
});
