import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import sharp from 'sharp';
import { readCheckpoint } from '../../src/runs/checkpoint.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { TRAIN_SMALL } from './fixtures/process.js';
import { SharedProcess } from './fixtures/sharedProcess.js';

const shared = new SharedProcess();
after(() => shared.close());

test('grey images are trained, tested, exported and predicted as one channel', async () => {
  await withFolder(async (cwd) => {
    const run = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await shared.run(args, cwd);
      assert.equal(code, 0, stderr);
      return stdout;
    };
    await run(...TRAIN_SMALL, '--epochs=1', '--image-channels=1', '--run-dir=run', '--log-format=json');
    const checkpoint = '--checkpoint=run/last.safetensors';
    const { model, data, tensors } = readCheckpoint(join(cwd, 'run/last.safetensors'));
    assert.equal(model.channels, 1);
    assert.deepEqual([data.mean, data.std], [[0.5], [0.25]]);
    assert.deepEqual(tensors.get('pre.0.weight')!.shape, [24, 1, 3, 3]);
    await run('report', 'run');
    assert.match(readFileSync(join(cwd, 'run/report.html'), 'utf8'), /src="data:image\/webp;base64,/);
    assert.match(await run('test', checkpoint, '--limit-test=8', '--engine=onnx', '--threads=1'), /8 images/);
    const pixels = Uint8Array.from({ length: 40 * 40 * 3 }, (_, i) => (i * 7) & 255);
    const image = await sharp(pixels, { raw: { width: 40, height: 40, channels: 3 } })
      .png()
      .toBuffer();
    writeFileSync(join(cwd, 'image.png'), image);
    await run('export', checkpoint, '--to=onnx', '--output=floats.onnx');
    await run('export', checkpoint, '--to=onnx', '--output=bytes.onnx', '--include-preprocessing');
    await run('export', checkpoint, '--to=pth', '--output=weights.pth');
    const predicted = await Promise.all(
      ['run/last.safetensors', 'floats.onnx', 'bytes.onnx'].map((file) =>
        run('predict', `--checkpoint=${file}`, '--threads=1', 'image.png'),
      ),
    );
    assert.equal(predicted[1], predicted[0]);
    assert.equal(predicted[2], predicted[0]);
    // A .pth says neither model nor channels: its tensors do.
    await run('predict', '--checkpoint=weights.pth', '--threads=1', 'image.png');
    const resumed = JSON.parse(readFileSync(join(cwd, 'run/config.json'), 'utf8'));
    assert.equal(resumed.imageChannels, 1);
    await run('train', '--resume=run', '--epochs=2', '--no-report', '--log-format=json');
    const refused = await shared.run([...TRAIN_SMALL, '--image-channels=2'], cwd);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /^error: --image-channels must be 3, or 1 for grey images, not 2\n$/);
    const other = await shared.run(['train', '--resume=run', '--image-channels=3'], cwd);
    assert.match(other.stderr, /image-channels/);
  });
});
