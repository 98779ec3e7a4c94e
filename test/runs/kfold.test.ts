import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type KFold, readKFold, resultOf, writeKFold } from '../../src/runs/kfold.js';
import { withFolder } from '../train/fixtures/tiny.js';

describe('kfold.json', () => {
  it('has a fold whose cross-entropy is not finite', () =>
    withFolder(async (folder) => {
      const header = 'epoch,test_cross_entropy,test_top1,best_top1';
      writeFileSync(join(folder, 'metrics.csv'), `${header}\n1,2.5,40,40\n2,NaN,0,40\n`);
      const done = [resultOf(1, folder)];
      assert.deepEqual(done, [{ fold: 1, top1: 0, bestTop1: 40, crossEntropy: Number.NaN }]);
      const kfold: KFold = { folds: 2, settings: {}, done };
      await writeKFold(folder, kfold);
      assert.deepEqual(readKFold(folder), kfold);
      writeFileSync(
        join(folder, 'kfold.json'),
        JSON.stringify({ ...kfold, done: [{ fold: 1, top1: null }] }),
      );
      assert.throws(() => readKFold(folder), /kfold\.json is damaged/);
    }));
});
