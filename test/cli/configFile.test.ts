import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readConfigFile } from '../../src/cli/configFile.js';
import type { TrainConfig } from '../../src/runs/trainConfig.js';
import { readSweepFile } from '../../src/sweep/sweepFile.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { biasloss, type Ended } from './fixtures/process.js';

/** Runs `train` with a configuration until its data is found missing, or as far as it comes. */
async function train(cwd: string, file: Record<string, unknown>, flags: readonly string[]): Promise<Ended> {
  writeFileSync(join(cwd, 'settings.json'), JSON.stringify(file));
  return biasloss(['train', '--config=settings.json', '--run-dir=run', '--no-report', ...flags], { cwd });
}

/** Settings of a run of two steps. */
const SHORT = {
  ...{
    data: 'synthetic',
    batch_size: 2,
    limit_train: 4,
    limit_test: 2,
    epochs: 1,
    threads: 1,
    engine: 'onnx',
  },
  ...{ nesterov: true, ratio: 0.5, loss: 'ce' },
};

describe('a configuration file', () => {
  it('may have a byte order mark, as a sweep may, or be in UTF-16', () =>
    withFolder(async (cwd) => {
      const path = join(cwd, 'settings.json');
      for (const encoding of ['utf8', 'utf16le'] as const) {
        writeFileSync(path, '\ufeff{"epochs": 3}', encoding);
        assert.deepEqual(readConfigFile(path), { epochs: 3 });
        writeFileSync(path, '\ufeff{"settings": {"epochs": 3}}', encoding);
        assert.deepEqual(readSweepFile(path).settings, { epochs: 3 });
      }
    }));

  it('gives way to flags: switches, and the channel multiplier of another model', () =>
    withFolder(async (cwd) => {
      const flags = ['--no-nesterov', '--no_download', '--model=resnet18'];
      const { code, stderr } = await train(cwd, { ...SHORT, download: true }, flags);
      assert.equal(stderr, 'ratio in settings.json has no effect with --model resnet18\n');
      assert.equal(code, 0);
      const { nesterov, download, model, ratio } = JSON.parse(
        readFileSync(join(cwd, 'run', 'config.json'), 'utf8'),
      ) as TrainConfig;
      assert.deepEqual([nesterov, download, model, ratio], [false, false, 'resnet18', null]);
    }));

  it('keeps its channel multiplier for its own model, and its switches', () =>
    withFolder(async (cwd) => {
      const { code, stderr } = await train(cwd, SHORT, ['--model=shufflenetv2']);
      assert.equal(code, 0, stderr);
      const { nesterov, ratio } = JSON.parse(
        readFileSync(join(cwd, 'run', 'config.json'), 'utf8'),
      ) as TrainConfig;
      assert.deepEqual([nesterov, ratio], [true, 0.5]);
    }));

  it('cannot set what belongs to the command line, and says which flag does', () =>
    withFolder(async (cwd) => {
      const flags = {
        run_dir: '--run-dir',
        logFormat: '--log-format',
        resume: '--resume',
        recipe: '--recipe',
      };
      for (const [key, flag] of Object.entries(flags)) {
        const { code, stderr } = await train(cwd, { ...SHORT, [key]: 'x' }, []);
        assert.equal(
          stderr,
          `error: settings.json cannot set ${flag}, which can only be given on the command line\n`,
        );
        assert.equal(code, 2);
      }
    }));
});
