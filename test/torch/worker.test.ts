import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differenceOfLogits } from '../../bench/agreement.js';
import { startOurs, startPyTorch } from '../../bench/candidate.js';
import { skipWithoutPython } from '../support/python.js';

const skip = skipWithoutPython();
const workload = {
  model: 'shufflenetv2',
  ratio: 0.5,
  classes: 10,
  image_size: 32,
  batch: 2,
  threads: 1,
} as const;

for (const [mode, layout, frozen] of [
  ['train', 'channels_last', false],
  ['eval', 'contiguous', false],
  ['eval', 'contiguous', true],
] as const) {
  test(`PyTorch's side runs timed steps: ${mode}${frozen ? ' frozen' : ''}`, { skip }, async () => {
    const candidate = await startPyTorch({ ...workload, mode, precision: 'f32' }, { layout, frozen });
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
  const wrong = { ...workload, model: 'vgg', mode: 'train', precision: 'f32' } as const;
  await assert.rejects(
    startPyTorch(wrong, { layout: 'contiguous', frozen: false }),
    /ValueError: no model "vgg"/,
  );
});

for (const options of [{ model: 'shufflenetv2', ratio: 0.5 }, { model: 'squeezenet1_1' }])
  test(`both sides give the same logits with PyTorch’s new weights: ${options.model}`, { skip }, async () => {
    const size = { classes: 10, image_size: 32, batch: 2, threads: 1 } as const;
    const request = { ...options, ...size, mode: 'eval', precision: 'f32' } as const;
    const theirs = await startPyTorch(request, { layout: 'contiguous', frozen: false });
    try {
      const ours = await startOurs(request, 'onnx');
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
