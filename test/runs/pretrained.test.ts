import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { UserError } from '../../src/errors.js';
import { loadPretrained } from '../../src/runs/pretrained.js';
import { readWeights } from '../../src/runs/weights.js';
import { TinyModel, withFolder, withTrainer } from '../train/fixtures/tiny.js';

describe('loadPretrained', () => {
  it('takes every tensor where the classes are the same', () =>
    withFolder(async (folder) => {
      await withTrainer({ folder, epochs: 1 }, ({ trainer }) => trainer.run());
      const path = join(folder, 'last.safetensors');
      await withTrainer({ seed: 99 }, async ({ learner }) => {
        const notices: string[] = [];
        await loadPretrained(learner, path, (text) => notices.push(text));
        assert.deepEqual(await learner.stateDict(), readWeights(path).tensors);
        assert.deepEqual(notices, []);
      });
    }));

  it('takes all but the classifier for another number of classes, and says so', () =>
    withFolder(async (folder) => {
      await withTrainer({ folder, epochs: 1 }, ({ trainer }) => trainer.run());
      const path = join(folder, 'last.safetensors');
      const { tensors } = readWeights(path);
      await withTrainer({ seed: 99, model: new TinyModel(5) }, async ({ learner }) => {
        const begin = await learner.stateDict();
        const notices: string[] = [];
        await loadPretrained(learner, path, (text) => notices.push(text));
        for (const [name, tensor] of await learner.stateDict())
          assert.deepEqual(tensor, (name.startsWith('fc.') ? begin : tensors).get(name), name);
        assert.equal(notices.length, 1);
        assert.match(
          notices[0]!,
          /last\.safetensors: the classifier is for 3 classes, not 5; it begins anew/,
        );
      });
    }));

  it('refuses a file whose other tensors do not fit, and changes nothing', () =>
    withFolder(async (folder) => {
      await withTrainer({ folder, epochs: 1 }, ({ trainer }) => trainer.run());
      await withTrainer({ model: new TinyModel(5, 6) }, async ({ learner }) => {
        const begin = await learner.stateDict();
        await assert.rejects(loadPretrained(learner, join(folder, 'last.safetensors')), (error) => {
          assert.ok(error instanceof UserError);
          assert.match(error.message, /conv\.weight \[4, 3, 3, 3\] instead of \[6, 3, 3, 3\]/);
          return true;
        });
        assert.deepEqual(await learner.stateDict(), begin);
      });
    }));
});
