import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
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
