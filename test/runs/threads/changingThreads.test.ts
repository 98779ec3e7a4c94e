/** Runs whose threads change in their middle. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { createEngine, type EngineName } from '../../../src/engines/createEngine.js';
import { UserError } from '../../../src/errors.js';
import { readThreads } from '../../../src/runs/threads/threadRecord.js';
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

async function usable(engine: EngineName): Promise<string | false> {
  try {
    await (await createEngine(engine, { threads: 1 })).close();
    return false;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

for (const engine of ['onednn', 'onnx'] as const) {
  const reason = withoutThreads || (await usable(engine));
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
