import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { UsageError, WriteError } from '../../src/errors.js';
import { type PlannedRun, planSweep } from '../../src/sweep/plan.js';
import { Sweep, type SweepEvent } from '../../src/sweep/sweep.js';
import { withFolder } from '../train/fixtures/tiny.js';

const RUN = fileURLToPath(new URL('./fixtures/printedRun.js', import.meta.url));

function planned(name: string, epochs = 1): PlannedRun {
  return { name, epochs, settings: { epochs } };
}

function opened(
  folder: string,
  runs: readonly PlannedRun[],
  onEvent: (event: SweepEvent) => void = () => undefined,
): Promise<Sweep> {
  return Sweep.open({
    ...{ folder, runs, parallel: 2, threads: 1, dropsLosers: false, onEvent },
    train: { start: (settings, path) => [RUN, 'start', settings, path], resume: () => assert.fail() },
  });
}

describe('a sweep whose file cannot be written', () => {
  it('stops all of its runs before it says so, and starts none', () =>
    withFolder(async (folder) => {
      const file = join(folder, 'sweep.json');
      const sweep = await opened(folder, [planned('short'), planned('long', 600), planned('later')]);
      rmSync(file);
      mkdirSync(file);
      await assert.rejects(
        sweep.train(),
        (error) => error instanceof WriteError && error.message.startsWith(`${file} cannot be written: `),
      );
      assert.deepEqual(sweep.progress.running, []);
      sweep.close();
      assert.ok(existsSync(join(folder, 'short', 'epoch-1')));
      assert.ok(!existsSync(join(folder, 'long', 'epoch-600')));
      assert.ok(!existsSync(join(folder, 'later')));
    }));

  it('names the file with the settings of a run', () =>
    withFolder(async (folder) => {
      const sweep = await opened(folder, [planned('a')]);
      writeFileSync(join(folder, 'settings'), '');
      const path = join(folder, 'settings', 'a.json');
      await assert.rejects(
        sweep.train(),
        (error) => error instanceof WriteError && error.message.startsWith(`${path} cannot be written: `),
      );
      sweep.close();
    }));
});

describe('a sweep that goes on', () => {
  it('trains a run again whose folder is gone', () =>
    withFolder(async (folder) => {
      const runs = [planned('a'), planned('b')];
      const trained = async (): Promise<string[]> => {
        const started: string[] = [];
        const sweep = await opened(folder, runs, ({ kind, run }) => {
          if (kind === 'start') started.push(run.name);
        });
        await sweep.train();
        sweep.close();
        assert.deepEqual([sweep.stateOf('a'), sweep.stateOf('b')], ['done', 'done']);
        return started.sort();
      };
      assert.deepEqual(await trained(), ['a', 'b']);
      assert.deepEqual(await trained(), []);
      rmSync(join(folder, 'b'), { recursive: true });
      assert.deepEqual(await trained(), ['b']);
    }));
});

it('a sweep refuses accuraciesDir, where all runs would write the same files', () =>
  withFolder((folder) => {
    const path = join(folder, 'runs.json');
    writeFileSync(
      path,
      JSON.stringify({ settings: { data: 'synthetic', accuraciesDir: 'acc' }, seeds: [0, 1] }),
    );
    assert.throws(
      () => planSweep(path),
      (error) =>
        error instanceof UsageError &&
        error.message ===
          `${path}: the run seed-0: accuraciesDir is for one run: those of a sweep would write the same files`,
    );
    return Promise.resolve();
  }));
