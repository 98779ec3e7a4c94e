import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { PlannedRun } from '../../src/sweep/plan.js';
import { Sweep, type SweepEvent } from '../../src/sweep/sweep.js';
import { withFolder } from '../train/fixtures/tiny.js';
import type { PrintedSettings } from './fixtures/printedRun.js';

const RUN = fileURLToPath(new URL('./fixtures/printedRun.js', import.meta.url));

function planned(name: string, settings: PrintedSettings): PlannedRun {
  return { name, epochs: settings.epochs, settings: { engine: 'cuda', ...settings } };
}

/** Trains runs, three at a time, and stops them after a time if asked. */
async function sweep(
  folder: string,
  runs: readonly PlannedRun[],
  stopWhen: (running: Sweep) => boolean = () => false,
): Promise<{ readonly events: SweepEvent[]; stateOf(name: string): string }> {
  const events: SweepEvent[] = [];
  const opened = await Sweep.open({
    ...{ folder, runs, parallel: 3, threads: 1, dropsLosers: false },
    train: { start: (settings, path) => [RUN, 'start', settings, path], resume: () => assert.fail() },
    onEvent: (event) => events.push(event),
  });
  const timer = setInterval(() => stopWhen(opened) && opened.stop(), 20);
  try {
    await opened.train();
  } finally {
    clearInterval(timer);
    opened.close();
  }
  return { events, stateOf: (name) => opened.stateOf(name) };
}

describe('a sweep on a card', () => {
  it('has its runs in threads, and the others wait for the first epoch of one', () =>
    withFolder(async (folder) => {
      const runs = ['a', 'b', 'c', 'd'].map((name) => planned(name, { epochs: 3 }));
      const { events, stateOf } = await sweep(folder, runs);
      assert.deepEqual(
        runs.map(({ name }) => stateOf(name)),
        ['done', 'done', 'done', 'done'],
      );
      assert.deepEqual(
        events.slice(0, 3).map(({ kind, run }) => [kind, run.name]),
        [
          ['start', 'a'],
          ['start', 'b'],
          ['start', 'c'],
        ],
      );
      assert.equal(events.filter(({ kind }) => kind === 'end').length, 4);
      const at = (path: string): number => Number(readFileSync(join(folder, path), 'utf8'));
      for (const name of ['b', 'c']) {
        assert.ok(at(`${name}/began`) >= at('a/epoch-1'));
        assert.ok(at(`${name}/began`) < at('a/epoch-3'), 'they run at the same time');
      }
    }));

  it('begins with the first seed of all combinations', () =>
    withFolder(async (folder) => {
      const runs = ['a', 'b'].flatMap((name) =>
        [0, 1].map((seed): PlannedRun => {
          const run = planned(`${name}-${seed}`, { epochs: 1 });
          return { ...run, settings: { ...run.settings, seed } };
        }),
      );
      const { events } = await sweep(folder, runs);
      assert.deepEqual(
        events.flatMap(({ kind, run }) => (kind === 'start' ? [run.name] : [])),
        ['a-0', 'b-0', 'a-1', 'b-1'],
      );
    }));
});

describe('a run of a sweep on a card', () => {
  it('says why a run failed, and goes on with the others', () =>
    withFolder(async (folder) => {
      const runs = [
        planned('a', { epochs: 1, end: 'fails' }),
        planned('b', { epochs: 1, end: 'throws' }),
        planned('c', { epochs: 1 }),
      ];
      const { events, stateOf } = await sweep(folder, runs);
      assert.deepEqual([stateOf('a'), stateOf('b'), stateOf('c')], ['failed', 'failed', 'done']);
      const problems = events.flatMap((event) => (event.kind === 'end' && event.problem ? [event] : []));
      assert.deepEqual(problems.map(({ problem }) => problem).sort(), [
        'the data is missing',
        'the run ended with an error: this was not expected',
      ]);
    }));

  it('stops its runs, which save their states', () =>
    withFolder(async (folder) => {
      const runs = ['a', 'b'].map((name) => planned(name, { epochs: 1, end: 'waits' }));
      const { stateOf } = await sweep(folder, runs, () =>
        runs.every(({ name }) => existsSync(join(folder, name, 'epoch-1'))),
      );
      for (const { name } of runs) {
        assert.ok(existsSync(join(folder, name, 'stopped')));
        assert.equal(stateOf(name), 'open');
      }
    }));
});
