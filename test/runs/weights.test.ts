import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { UserError } from '../../src/errors.js';
import { writeTorchCheckpoint } from '../../src/formats/torch/writeTorch.js';
import { readWeights } from '../../src/runs/weights.js';
import { toStored } from '../../src/train/stateDict.js';
import { withFolder, withTrainer } from '../train/fixtures/tiny.js';

describe('readWeights', () => {
  it('takes PyTorch checkpoints by their contents, whatever the name, with the same values', () =>
    withFolder(async (folder) => {
      await withTrainer({ folder, epochs: 1 }, ({ trainer }) => trainer.run());
      const { tensors } = readWeights(join(folder, 'last.safetensors'));
      const path = join(folder, 'weights.safetensors');
      const extras = new Map([['epoch', 3]]);
      for (const layout of [{}, { wrapper: 'net', extras }] as const) {
        writeFileSync(path, Buffer.concat(writeTorchCheckpoint(toStored(tensors), layout)));
        const weights = readWeights(path);
        assert.equal(weights.info, undefined);
        assert.deepEqual(weights.tensors, tensors);
        await withTrainer({ seed: 5 }, async ({ learner }) => {
          await learner.loadStateDict(weights.tensors);
          assert.deepEqual(await learner.stateDict(), tensors);
        });
      }
    }));

  it('refuses what is no weights in a sentence', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'file');
      const contents = ['', 'PK', 'PK\x03\x04', '\x80\x02}q.', 'RIFF....WEBP', '{"a": 1}', 'x'.repeat(1000)];
      for (const content of contents) {
        writeFileSync(path, content, 'latin1');
        assert.throws(
          () => readWeights(path),
          (error) => {
            assert.ok(error instanceof UserError, String(error));
            assert.ok(error.message.includes(path) && !error.message.includes('\n'), error.message);
            return true;
          },
        );
      }
    }));
});
