/**
 * TensorBoard reads a run's event files. `$BIASLOSS_TENSORBOARD` is a folder that PyPI's `tensorboard` was installed
 * into (`pip install --target FOLDER tensorboard`); without it, the package of the interpreter itself is used.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runTraining } from '../../src/cli/runTraining.js';
import { readMetrics } from '../../src/runs/metricsFile.js';
import { pythonPath } from '../support/python.js';
import { withFolder } from '../train/fixtures/tiny.js';

const { BIASLOSS_TENSORBOARD: packages = '' } = process.env;

function runPython(args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, PYTHONPATH: packages };
  return spawnSync(pythonPath(), args, { encoding: 'utf8', env });
}

const isMissing = runPython(['-c', 'import tensorboard']).status !== 0;
const skip = isMissing && 'Python has no tensorboard; install it and set BIASLOSS_TENSORBOARD to its folder';

interface Found {
  readonly scalars: Record<string, [step: number, value: number][]>;
  readonly histograms: Record<string, [step: number, count: number][]>;
  readonly images: Record<string, string[]>;
  readonly text: Record<string, string>;
  readonly hyperparameters: Record<string, unknown>;
  readonly metrics: Record<string, number>;
  readonly finished: boolean[];
}

describe('TensorBoard itself', { skip }, () => {
  it('finds scalars, histograms, images, text and hyperparameters in a run folder', () =>
    withFolder(async (parent) => {
      const folder = join(parent, 'run');
      await runTraining({
        settings: {
          ...{ data: 'synthetic', model: 'shufflenetv2', ratio: 0.5, epochs: 2, batchSize: 16, threads: 1 },
          ...{ limitTrain: 64, limitTest: 32 },
        },
        runDir: folder,
        logFormat: 'text',
        report: false,
      });
      const { status, stdout, stderr } = runPython(['test/torch/read_events.py', folder]);
      assert.equal(status, 0, stderr);
      const found = JSON.parse(stdout) as Found;
      const accuracies = readMetrics(folder).test_top1!;
      assert.deepEqual(
        found.scalars['Accuracy/test'],
        accuracies.map((value, i) => [i + 1, Math.fround(value)]),
      );
      assert.deepEqual(found.histograms, {
        'Weighting/feature_variance': [
          [1, 64],
          [2, 64],
        ],
        'Weighting/loss_weight': [
          [1, 64],
          [2, 64],
        ],
      });
      assert.equal(Object.keys(found.images).length, 12);
      for (const size of Object.values(found.images)) assert.deepEqual(size, ['32', '32']);
      assert.match(found.text.Settings!, /\| batchSize \| `16` \|/);
      const { model, batchSize, nesterov } = found.hyperparameters;
      assert.deepEqual([model, batchSize, nesterov], ['shufflenetv2', 16, false]);
      assert.equal(found.metrics['Accuracy/test'], Math.fround(accuracies.at(-1)!));
      assert.deepEqual(found.finished, [true]);
    }));
});
