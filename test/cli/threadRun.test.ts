import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { trainCommands } from '../../src/cli/trainCommands.js';
import { inThread } from '../../src/runs/process/runHost.js';
import { type LogRecord, RunProcess } from '../../src/runs/process/runProcess.js';
import { withFolder } from '../train/fixtures/tiny.js';

const SETTINGS = {
  ...{ data: 'synthetic', model: 'shufflenetv2', ratio: 0.5, engine: 'onnx', threads: 1 },
  ...{ batchSize: 16, limitTrain: 32, limitTest: 16, epochs: 3 },
};

describe('a training in a thread', () => {
  it('is stopped with its state saved, resumed, and ends well', () =>
    withFolder(async (folder) => {
      const [settings, run] = [join(folder, 'settings.json'), join(folder, 'run')];
      writeFileSync(settings, JSON.stringify(SETTINGS));
      const start = (args: readonly string[], onRecord: (record: LogRecord) => void): RunProcess =>
        new RunProcess(args, onRecord, inThread);
      const first = start(trainCommands.start(settings, run), ({ event }) => {
        if (event === 'epoch') first.stop();
      });
      assert.equal(await first.ended, undefined);
      const log = readFileSync(join(run, 'log.jsonl'), 'utf8');
      assert.match(log, /"event":"interrupted"/);
      assert.ok(!existsSync(join(run, '.lock')));
      const epochs: unknown[] = [];
      const rest = start(trainCommands.resume(run, undefined), ({ event, epoch }) => {
        if (event === 'epoch') epochs.push(epoch);
      });
      assert.equal(await rest.ended, undefined);
      assert.equal(rest.progress.phase, 'report');
      assert.equal(epochs.at(-1), 3);
      assert.equal(readFileSync(join(run, 'metrics.csv'), 'utf8').trim().split('\n').length, 4);
    }));

  it('says in a sentence why it failed', () =>
    withFolder(async (folder) => {
      const settings = join(folder, 'settings.json');
      writeFileSync(
        settings,
        JSON.stringify({ ...SETTINGS, data: 'cifar100', dataPath: join(folder, 'none') }),
      );
      const args = trainCommands.start(settings, join(folder, 'run'));
      assert.match((await new RunProcess(args, undefined, inThread).ended) ?? '', /none.* /);
    }));
});
