/** The threads that runs start with. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readThreads } from '../../../src/runs/threads/threadRecord.js';
import { withFolder } from '../../train/fixtures/tiny.js';
import {
  killedAfter,
  MadeUpLoad,
  SETTINGS,
  threadsIn,
  trained,
  UNDECIDED,
  withoutThreads,
} from './fixtures/madeUpLoad.js';

describe('a run whose load is made up', { skip: withoutThreads }, () => {
  const settings = { ...SETTINGS, engine: 'onnx', epochs: 1, saveEvery: 0 } as const;

  it('starts with fewer threads beside others, goes on with them after a resume, and says so', () =>
    withFolder(async (cwd) => {
      const folder = join(cwd, 'run');
      const first = await trained({ settings, runDir: folder }, new MadeUpLoad(1, 1));
      assert.deepEqual(first.notices, ['other processes take 50% of the processors: starting with 1 thread']);
      assert.match(first.engine, /1 thread,/);
      const record = readThreads(join(folder, 'threads.csv'));
      assert.deepEqual(record[0], { step: 0, threads: 1 });
      // The first number was a guess: all are tried after the first window.
      assert.deepEqual([record[1]?.step, record[1]!.threads > 1], [3, true]);
      const last = record.at(-1)!.threads;
      const second = await trained({ settings: { epochs: 2 }, resume: folder }, new MadeUpLoad(UNDECIDED));
      assert.deepEqual([second.changes, second.notices], [[], []]);
      assert.ok(second.engine.includes(last === 1 ? '1 thread,' : `${last} threads,`), second.engine);
    }));

  it('keeps a number that is given, whatever the load, and forgets what was recorded after it', () =>
    withFolder(async (cwd) => {
      const whole = join(cwd, 'whole');
      await trained({ settings: { ...settings, epochs: 2, saveEvery: 1 }, runDir: whole }, new MadeUpLoad(1));
      assert.ok(readThreads(join(whole, 'threads.csv')).length > 1);
      const killed = killedAfter(1, whole, join(cwd, 'killed'), ['config.json', 'threads.csv']);
      const most = threadsIn(killed)[0]!;
      const fixed = await trained({ settings: { threads: most }, resume: killed }, new MadeUpLoad(1, 1));
      assert.deepEqual([fixed.changes, fixed.notices], [[], []]);
      assert.deepEqual(readThreads(join(killed, 'threads.csv')), [{ step: 0, threads: most }]);
      const other = await trained(
        { settings: { threads: 1, epochs: 3 }, resume: killed },
        new MadeUpLoad(1, 1),
      );
      assert.match(other.notices.join(), /saved with .* \d threads.* resumes with .* 1 thread.*last bits/);
      assert.deepEqual(threadsIn(killed), [most, 1]);
    }));

  it('takes the number of BIASLOSS_THREADS where the settings have none, and refuses what is no number', () =>
    withFolder(async (cwd) => {
      const folder = join(cwd, 'run');
      try {
        process.env.BIASLOSS_THREADS = '1';
        const { changes, notices } = await trained({ settings, runDir: folder }, new MadeUpLoad(1, 1));
        assert.deepEqual([changes, notices, threadsIn(folder)], [[], [], [1]]);
        process.env.BIASLOSS_THREADS = 'many';
        await assert.rejects(
          trained({ settings, runDir: join(cwd, 'other') }, new MadeUpLoad(1)),
          /^UserError: BIASLOSS_THREADS must be auto or a whole number from 1 to \d+, not "many"/,
        );
      } finally {
        delete process.env.BIASLOSS_THREADS;
      }
    }));
});
