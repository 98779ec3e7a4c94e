import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startOurs } from '../../bench/candidate.js';
import { plainImage } from '../data/support/images.js';
import { withFolder } from '../train/fixtures/tiny.js';

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

test('our side validates a folder of images, as many times over as asked', () =>
  withFolder(async (data) => {
    for (const name of ['dark', 'light']) mkdirSync(join(data, name));
    writeFileSync(join(data, 'dark', 'a.png'), await plainImage('png', [9, 9, 9]));
    writeFileSync(join(data, 'light', 'b.jpg'), await plainImage('jpeg', [240, 240, 240]));
    writeFileSync(join(data, 'light', 'c.webp'), await plainImage('webp', [250, 250, 250]));
    const request = { ...workload, mode: 'validate', precision: 'f32', data, repeat: 3 } as const;
    const candidate = await startOurs(request, 'onnx');
    try {
      assert.equal(candidate.imagesPerStep, 9);
      assert.equal((await candidate.run(2)).length, 2);
    } finally {
      await candidate.close();
    }
    await assert.rejects(
      startOurs({ ...request, data: join(data, 'dark') }, 'onnx'),
      /dark has no class folders/,
    );
  }));
