import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { openRunThreads } from '../../../src/runs/threads/openRunThreads.js';
import {
  readThreads,
  recordedAfter,
  THREADS_FILE,
  writeThreads,
} from '../../../src/runs/threads/threadRecord.js';
import { withFolder } from '../../train/fixtures/tiny.js';
import { MadeUpLoad } from './fixtures/madeUpLoad.js';

const since = (...entries: readonly (readonly [step: number, threads: number])[]) =>
  entries.map(([step, threads]) => ({ step, threads }));

it('the record of a run’s threads is read as it was written, and a damaged one is refused', () =>
  withFolder(async (folder) => {
    const path = join(folder, THREADS_FILE);
    assert.deepEqual(readThreads(path), []);
    const history = since([0, 2], [40, 1], [90, 2]);
    await writeThreads(path, history);
    assert.deepEqual(readThreads(path), history);
    for (const text of [
      'step,threads\n0\n',
      'step,threads\n0,two\n',
      'step,threads\n0,0\n',
      'a,b\n0,1\n',
      '',
    ]) {
      writeFileSync(path, text);
      assert.throws(
        () => readThreads(path),
        /threads\.csv is damaged: it must have a row of two whole numbers/,
      );
    }
  }));

it('what follows a checkpoint in the record is repeated, unless it follows another history', () => {
  const recorded = since([0, 2], [40, 1], [90, 2]);
  assert.deepEqual(recordedAfter(recorded, { history: since([0, 2]), step: 30 }), since([40, 1], [90, 2]));
  assert.deepEqual(recordedAfter(recorded, { history: since([0, 2], [40, 1]), step: 89 }), since([90, 2]));
  assert.deepEqual(recordedAfter(recorded, { history: recorded, step: 120 }), []);
  assert.deepEqual(recordedAfter(recorded, { history: since([0, 1]), step: 30 }), []);
  assert.deepEqual(recordedAfter(recorded, { history: since([0, 2]), step: 60 }), []);
  assert.deepEqual(recordedAfter([], { history: since([0, 2]), step: 30 }), []);
});

it('threads that the engine does not compute with are neither recorded nor tried', () =>
  withFolder(async (folder) => {
    const engine = { useThreads: async () => undefined, mostThreads: 1 };
    const start = { threads: 2, meter: new MadeUpLoad(0) };
    const run = await openRunThreads(engine, start, { config: { threads: null }, folder });
    assert.deepEqual(readThreads(join(folder, THREADS_FILE)), since([0, 1]));
    // 400 steps are more than 13 minutes: all threads that there can be are tried after two.
    for (let step = 1; step <= 400; step++) assert.equal(await run?.after(step, 2), undefined);
  }));
