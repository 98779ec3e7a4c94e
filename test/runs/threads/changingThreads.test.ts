/** Runs whose threads change in their middle. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { readThreads } from '../../../src/runs/threads/threadRecord.js';
import { onednnMissing } from '../../support/onednn.js';
import { withFolder } from '../../train/fixtures/tiny.js';
import {
  killedAfter,
  MadeUpLoad,
  SETTINGS,
  tensorsOf,
  threadsIn,
  trained,
  UNDECIDED,
  withoutThreads,
} from './fixtures/madeUpLoad.js';

for (const engine of ['onednn', 'onnx'] as const) {
  const reason = withoutThreads || (engine === 'onednn' && (await onednnMissing()));
  it(
    `a run on ${engine} takes fewer threads beside others, and repeats that when it was killed`,
    { skip: reason },
    () =>
      withFolder(async (cwd) => {
        const whole = join(cwd, 'whole');
        const settings = { ...SETTINGS, engine };
        const { changes, engine: description } = await trained(
          { settings, runDir: whole },
          new MadeUpLoad(1),
        );
        assert.match(description, /\d threads/);
        const [first] = changes;
        assert.deepEqual(
          [first?.threads, first?.reason, first?.others, first?.globalStep],
          [1, 'load', 50, 6],
        );
        const record = readThreads(join(whole, 'threads.csv'));
        assert.deepEqual(
          record.slice(1),
          changes.map(({ globalStep: step, threads }) => ({ step, threads })),
        );
        assert.deepEqual(
          threadsIn(whole),
          record.map(({ threads }) => threads),
        );
        assert.match(
          readFileSync(join(whole, 'log.jsonl'), 'utf8'),
          /"event":"threads","after_step":6,"threads":1,/,
        );

        const killed = killedAfter(1, whole, join(cwd, 'killed'), ['config.json', 'threads.csv']);
        const repeated = await trained({ settings: {}, resume: killed }, new MadeUpLoad(UNDECIDED));
        assert.deepEqual(
          repeated.changes.map(({ globalStep: step, threads, reason: why }) => ({ step, threads, why })),
          record.slice(1).map((entry) => ({ ...entry, why: 'recorded' })),
        );
        assert.deepEqual(repeated.notices, []);
        assert.deepEqual(readThreads(join(killed, 'threads.csv')), record);
        assert.deepEqual(tensorsOf(killed), tensorsOf(whole));
      }),
  );
}

it(
  'a teacher changes its threads with its student, and again when the run is resumed',
  { skip: withoutThreads },
  () =>
    withFolder(async (cwd) => {
      const settings = { ...SETTINGS, engine: 'onnx', epochs: 1, saveEvery: 0 } as const;
      await trained({ settings, runDir: join(cwd, 'teacher') }, new MadeUpLoad(UNDECIDED));
      const teacher = join(cwd, 'teacher', 'best.safetensors');
      const whole = join(cwd, 'whole');
      const taught = { ...settings, teacher, distillWeight: 0.5, epochs: 2, saveEvery: 1 };
      await trained({ settings: taught, runDir: whole }, new MadeUpLoad(1));
      assert.equal(threadsIn(whole)[1], 1);
      const killed = killedAfter(1, whole, join(cwd, 'killed'), ['config.json', 'threads.csv']);
      await trained({ settings: {}, resume: killed }, new MadeUpLoad(UNDECIDED));
      assert.deepEqual(tensorsOf(killed), tensorsOf(whole));
    }),
);
