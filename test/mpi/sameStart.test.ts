import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { drawClasses } from '../cli/fixtures/images.js';
import { onednnMissing } from '../support/onednn.js';
import { launchers, rankProgram, runRanks } from './support.js';

const missing = await onednnMissing();

for (const { skip, ...launcher } of launchers)
  describe(`the start of biasloss train under ${launcher.name}`, { skip: skip ?? missing }, () => {
    test('ranks with other images, classes or class weights are told apart', async (t) => {
      const cwd = mkdtempSync(join(tmpdir(), 'biasloss-mpi-'));
      t.after(() => rmSync(cwd, { recursive: true, force: true }));
      await drawClasses(join(cwd, '0', 'same'), ['cat', 'dog'], 8);
      cpSync(join(cwd, '0', 'same'), join(cwd, '1', 'same'), { recursive: true });
      for (const rank of [0, 1]) {
        const folder = join(cwd, String(rank));
        for (const name of ['images', 'classes'])
          cpSync(join(folder, 'same'), join(folder, name), { recursive: true });
        writeFileSync(join(folder, 'weights.json'), JSON.stringify([1, 1 + rank]));
      }
      rmSync(join(cwd, '1', 'images', 'cat', '0.jpeg'));
      renameSync(join(cwd, '1', 'classes', 'cat'), join(cwd, '1', 'classes', 'bird'));
      const settings = [
        '--data=imagefolder',
        '--image-size=32',
        '--batch-size=4',
        '--epochs=1',
        '--ratio=0.5',
      ];
      const train = (...args: string[]) =>
        runRanks(launcher, 2, [rankProgram('inFolder'), 'train', '--no-report', ...settings, ...args], {
          cwd,
        });
      const same = await train('--data-path=same', '--run-dir=run');
      assert.equal(same.code, 0, same.stderr);
      // One path, which is another file for each process.
      const weights = ['--data-path=same', '--class-weights=/proc/self/cwd/weights.json'];
      const cases = [
        [['--data-path=images'], /rank [01] of 2: the images of the data differ between ranks/],
        [['--data-path=classes'], /rank [01] of 2: the classes of the data differ between ranks/],
        [weights, /rank [01] of 2: the class weights differ between ranks: all need the same flags/],
      ] as const;
      for (const [args, expected] of cases) {
        const { code, stderr } = await train(...args, '--run-dir=odd');
        assert.equal(code, 1, stderr);
        assert.match(stderr, expected);
        rmSync(join(cwd, '0', 'odd'), { recursive: true, force: true });
      }
    });
  });
