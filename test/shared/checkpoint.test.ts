import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { toFloat32 } from '../../src/formats/tensor.js';
import { readTorchCheckpoint } from '../../src/formats/torch/readTorch.js';
import { formulaState } from '../support/formula.js';
import { readGolden } from '../support/golden.js';
import { sharedPath, skipWithoutShared } from '../support/shared.js';

const file = ['checkpoints', 'shufflenetv2.pth'];

it('a checkpoint that PyTorch 1.13 saved', { skip: skipWithoutShared(...file) }, () => {
  const { tensors, wrapper, extras } = readTorchCheckpoint(
    readFileSync(sharedPath(...file)),
    'shufflenetv2.pth',
  );
  const golden = readGolden('shufflenetv2');
  assert.equal(wrapper, 'net');
  assert.deepEqual(
    [...extras],
    [
      ['acc', 12.34],
      ['epoch', 7],
    ],
  );
  assert.deepEqual(
    [...tensors].map(([name, { shape }]) => ({ name, shape })),
    golden.state_dict,
  );
  for (const [name, values] of formulaState(golden.state_dict, golden.salt)) {
    const found = tensors.get(name)!;
    assert.equal(found.dtype, name.endsWith('num_batches_tracked') ? 'i64' : 'f32', name);
    assert.deepEqual(toFloat32(found), values, name);
  }
});
