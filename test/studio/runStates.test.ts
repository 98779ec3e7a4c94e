/** How the studio says that runs are which were resumed, ended early, or have files that are missing or damaged. */
import assert from 'node:assert/strict';
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { listed, withStudio, writeRun } from './fixtures/studio.js';

describe('a run whose files are missing or damaged', () => {
  it('has no settings and no length that nobody knows', () =>
    withStudio(async (studio, runs) => {
      for (const [id, config] of Object.entries({
        cut: '{ "epochs": 12,',
        list: '[]',
        wrong: '{ "epochs": "12" }',
        none: undefined,
      })) {
        const path = join(writeRun(runs, id, { epochs: 2 }), 'config.json');
        if (config === undefined) rmSync(path);
        else writeFileSync(path, config);
        rmSync(join(runs, id, 'log.jsonl'));
      }
      writeFileSync(
        join(writeRun(runs, 'metrics', { epochs: 2, settings: { seed: 3 } }), 'metrics.csv'),
        'epoch\nx\n',
      );
      const found = new Map((await listed(studio)).map((run) => [run.id, run]));
      for (const [id, problem] of [
        ['cut', /cut.config\.json cannot be read: /],
        ['list', /list.config\.json is damaged: it must be a JSON object/],
        ['wrong', /^epochs in .*wrong.config\.json must be a whole number/],
      ] as const) {
        assert.equal(found.get(id)!.status, 'damaged');
        assert.match(found.get(id)!.problem!, problem);
      }
      for (const id of ['cut', 'list', 'wrong', 'none']) {
        const { settings, epochs, last } = found.get(id)!;
        assert.deepEqual([settings, epochs, last], [null, null, 68], id);
      }
      assert.equal(found.get('none')!.status, 'stopped');
      const { status, settings, epochs } = found.get('metrics')!;
      assert.deepEqual([status, settings, epochs], ['damaged', { seed: 3 }, 160]);
    }));
});

describe('a resumed run in the studio’s list', () => {
  it('has the epochs that it was resumed with, more or fewer', () =>
    withStudio(async (studio, runs) => {
      const folder = writeRun(runs, 'more', { epochs: 6, settings: { epochs: 4 } });
      writeFileSync(
        join(folder, 'log.jsonl'),
        '{"event":"start","epochs":4}\n{"event":"start","epochs":9}\n',
      );
      const fewer = writeRun(runs, 'fewer', { epochs: 6, settings: { epochs: 100 } });
      writeFileSync(
        join(fewer, 'log.jsonl'),
        '{"event":"start","epochs":100}\n{"event":"start","epochs":6}\n',
      );
      assert.deepEqual(
        (await listed(studio)).map(({ id, status, epochsDone, epochs }) => [id, status, epochsDone, epochs]),
        [
          ['fewer', 'complete', 6, 6],
          ['more', 'stopped', 6, 9],
        ],
      );
    }));
});

describe('a run that ended early in the studio’s list', () => {
  it('is neither stopped nor complete, until it is resumed with more patience', () =>
    withStudio(async (studio, runs) => {
      const log = join(writeRun(runs, 'early', { epochs: 3, settings: { patience: 1 } }), 'log.jsonl');
      appendFileSync(log, '{"event":"early_stop","epochs":3,"metric":"test_top1","stale_epochs":1}\n');
      appendFileSync(log, '{"event":"result","top1":68}\n');
      const [early] = await listed(studio);
      assert.deepEqual(
        [early!.status, early!.epochsDone, early!.epochs, early!.earlyEnd],
        ['ended early', 3, 160, { metric: 'test_top1', staleEpochs: 1 }],
      );
      appendFileSync(log, '{"event":"start","epochs":160}\n{"event":"interrupted","epoch":4}\n');
      const [resumed] = await listed(studio);
      assert.deepEqual([resumed!.status, resumed!.earlyEnd], ['stopped', undefined]);
    }));
});
