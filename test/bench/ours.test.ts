import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startOurs } from '../../bench/candidate.js';

const workload = {
  model: 'shufflenetv2',
  ratio: 0.5,
  classes: 10,
  image_size: 32,
  batch: 2,
  threads: 1,
} as const;

for (const mode of ['train', 'eval'] as const) {
  test(`our side runs timed steps in a process of its own: ${mode}`, async () => {
    const candidate = await startOurs({ ...workload, mode, precision: 'f32' }, 'onnx');
    try {
      const seconds = await candidate.run(2);
      assert.equal(seconds.length, 2);
      assert.ok(seconds.every((value) => value > 0 && value < 60));
      assert.equal(candidate.imagesPerStep, 2);
      assert.match(candidate.version, /ONNX Runtime/);
      const mebibytes = (await candidate.peakBytes()) / 2 ** 20;
      assert.ok(mebibytes > 50 && mebibytes < 2000, `${mebibytes} MiB`);
    } finally {
      await candidate.close();
    }
  });
}

test('our side answers with the sentence of what is wrong', async () => {
  const wrong = { ...workload, ratio: 0.7, mode: 'train', precision: 'f32' } as const;
  await assert.rejects(startOurs(wrong, 'onnx'), /shufflenetv2 has the ratio .*, not 0.7/);
});
