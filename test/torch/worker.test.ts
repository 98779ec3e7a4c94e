import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differenceOfLogits } from '../../bench/agreement.js';
import { startOurs, startPyTorch } from '../../bench/candidate.js';
import { interpreterAt, defaultPython as python } from '../../bench/interpreters.js';
import { skipWithoutPython } from '../support/python.js';

const skip = skipWithoutPython();
const compiles = !skip && interpreterAt(python, () => undefined)?.compiles;
const skipCompiled = skip || (compiles ? false : `the PyTorch of ${python} has no torch.compile`);
const workload = {
  model: 'squeezenet1_1',
  classes: 10,
  image_size: 32,
  batch: 2,
  threads: 1,
} as const;

for (const [mode, layout, way] of [
  ['train', 'channels_last', 'eager'],
  ['eval', 'contiguous', 'eager'],
  ['eval', 'contiguous', 'frozen'],
  ['train', 'channels_last', 'compiled'],
  ['eval', 'channels_last', 'compiled'],
] as const) {
  test(`PyTorch's side runs timed steps: ${mode} ${way}`, {
    skip: way === 'compiled' ? skipCompiled : skip,
  }, async () => {
    const candidate = await startPyTorch({ ...workload, mode }, { python, precision: 'f32', layout, way });
    try {
      assert.equal((await candidate.run(2)).length, 2);
      assert.equal(candidate.imagesPerStep, 2);
      assert.ok((await candidate.peakBytes()) > 50 * 2 ** 20);
    } finally {
      await candidate.close();
    }
  });
}

test('PyTorch’s errors come back as sentences', { skip }, async () => {
  const wrong = { ...workload, model: 'vgg', mode: 'train' } as const;
  await assert.rejects(
    startPyTorch(wrong, { python, precision: 'f32', layout: 'contiguous', way: 'eager' }),
    /ValueError: no model "vgg"/,
  );
});

for (const options of [{ model: 'shufflenetv2', ratio: 0.5 }, { model: 'squeezenet1_1' }])
  test(`both sides give the same logits with PyTorch’s new weights: ${options.model}`, { skip }, async () => {
    const size = { classes: 10, image_size: 32, batch: 2, threads: 1 } as const;
    const request = { ...options, ...size, mode: 'eval' } as const;
    const contender = { python, precision: 'f32', layout: 'contiguous', way: 'eager' } as const;
    const theirs = await startPyTorch(request, contender);
    try {
      const ours = await startOurs({ ...request, precision: 'f32' }, 'onnx');
      try {
        const difference = await differenceOfLogits([ours, theirs]);
        assert.ok(difference !== undefined && difference < 1e-5, `they differ by ${difference}`);
        assert.equal(await differenceOfLogits([ours]), undefined);
      } finally {
        await ours.close();
      }
    } finally {
      await theirs.close();
    }
  });
