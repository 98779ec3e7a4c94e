import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { UsageError, UserError } from '../../src/errors.js';
import { compareRuns } from '../../src/report/compare/comparison.js';
import { comparisonTables, csvOf, markdownOf } from '../../src/report/compare/tables.js';
import { settingsOf } from '../../src/report/runSettings.js';
import { biasloss, TRAIN_QUICK } from '../cli/fixtures/process.js';
import { withFolder } from '../train/fixtures/tiny.js';

/** A run's folder with a configuration and an accuracy after each epoch. */
function run(parent: string, name: string, config: object, accuracies: readonly number[]): string {
  const folder = join(parent, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  const rows = accuracies.map((top1, i) => `${i + 1},${(5 - top1 / 25).toFixed(3)},${top1}`);
  writeFileSync(join(folder, 'metrics.csv'), ['epoch,test_cross_entropy,test_top1', ...rows, ''].join('\n'));
  return folder;
}

/** Bias loss and cross-entropy with three seeds each; bias is better by 1, 2 and 3 points at the end. */
function sixRuns(parent: string): string[] {
  return [1, 2, 3].flatMap((seed) => [
    run(parent, `bias-${seed}`, { loss: 'bias', seed, threads: seed }, [10, 60 + 2 * seed, 50 + 2 * seed]),
    run(parent, `ce-${seed}`, { loss: 'ce', seed }, [20, 40, 50 + seed]),
  ]);
}

describe('compareRuns', () => {
  it('groups runs by what differs besides the seed, and tests the groups by pairs of seeds', () =>
    withFolder(async (folder) => {
      const { runs, groups, differences } = compareRuns(sixRuns(folder));
      assert.deepEqual(runs[0]!.settings, { loss: 'bias' });
      assert.deepEqual([runs[0]!.best, runs[0]!.bestEpoch, runs[0]!.last], [62, 2, 52]);
      assert.deepEqual(
        groups.map(({ name, last }) => [name, last.mean, last.deviation]),
        [
          ['loss bias', 54, 2],
          ['loss ce', 52, 1],
        ],
      );
      const [{ first, second, seeds, test }] = differences as [(typeof differences)[0]];
      assert.deepEqual([first, second, seeds, test!.difference], ['loss bias', 'loss ce', 3, -2]);
      // −2 / (1 / √3), two degrees of freedom: p = 1 − t/√(t² + 2).
      assert.ok(Math.abs(test!.t + 2 * Math.sqrt(3)) < 1e-12);
      assert.ok(Math.abs(test!.p - (1 - Math.sqrt(12 / 14))) < 1e-12);
    }));

  it('tells runs of version 0.1.0, which split by place, from those that split by path', () =>
    withFolder(async (folder) => {
      const runs = [
        run(folder, 'older', { loss: 'ce' }, [1]),
        run(folder, 'newer', { loss: 'ce', splitBy: 'path', exif: 'apply' }, [2]),
      ];
      const found = compareRuns(runs).runs.map(({ settings }) => settings);
      assert.deepEqual(found, [
        { splitBy: 'place', exif: 'ignore' },
        { splitBy: 'path', exif: 'apply' },
      ]);
    }));

  it('takes the least as the best of a loss, and the best values on request', () =>
    withFolder(async (folder) => {
      const runs = sixRuns(folder);
      const least = compareRuns(runs, { metric: 'test_cross_entropy' });
      assert.equal(least.runs[0]!.bestEpoch, 2);
      assert.equal(compareRuns(runs, { of: 'best' }).differences[0]!.test!.difference, 52 - 64);
    }));

  it('does without a test where there are no two seeds in common', () =>
    withFolder(async (folder) => {
      const a = run(folder, 'a', { loss: 'bias', seed: 1 }, [1, 2]);
      const b = run(folder, 'b', { loss: 'ce', seed: 1 }, [3, Number.NaN]);
      const comparison = compareRuns([a, b]);
      assert.equal(comparison.differences[0]!.test, undefined);
      assert.ok(Number.isNaN(comparison.runs[1]!.last));
      assert.equal(comparison.runs[1]!.best, 3);
      assert.deepEqual(comparisonTables(comparison)[2]!.rows[0]!.slice(1), ['0', '–', '–', '–', '–']);
    }));
});

describe('runs that are compared', () => {
  it('are said to have different numbers of epochs, where the last values are compared', () =>
    withFolder(async (folder) => {
      const a = run(folder, 'a', { loss: 'bias' }, [1, 2, 3]);
      const b = run(folder, 'b', { loss: 'ce' }, [2]);
      const titles = (runs: readonly string[]): string[] =>
        comparisonTables(compareRuns(runs)).map(({ title }) => title);
      const [, groups, differences] = titles([a, b]);
      for (const title of [groups!, differences!]) assert.match(title, /; the runs have 1 to 3 epochs$/);
      const c = run(folder, 'c', { loss: 'ce' }, [4, 5, 6]);
      assert.ok(!titles([a, c]).join().includes('epochs'));
    }));

  it('refuses what is not a run, a metric that is not there and a run given twice', () =>
    withFolder(async (folder) => {
      const a = run(folder, 'a', {}, [1]);
      assert.throws(() => compareRuns([a, join(folder, 'b')]), UserError);
      assert.throws(() => compareRuns([a, a]), UsageError);
      assert.throws(() => compareRuns([a], { metric: 'x' }), /has no metric x; it has epoch, /);
    }));

  it('is CSV and Markdown whose cells are quoted', () =>
    withFolder(async (folder) => {
      const a = run(folder, 'a, "b"', { model: 'resnet18' }, [1]);
      const b = run(folder, 'c|d', { model: 'densenet121' }, [2]);
      const comparison = compareRuns([a, b]);
      assert.equal(
        csvOf(comparison),
        'run,model,seed,epochs_run,last_test_top1,best_test_top1,best_epoch\n"a, ""b""",resnet18,0,1,1,1,1\nc|d,densenet121,0,1,2,2,1',
      );
      assert.match(
        markdownOf(comparisonTables(comparison)),
        /\| c\\\|d \| densenet121 \| 0 \| 1 \| 2 \| 2 \| 1 \|/,
      );
    }));
});

describe('runs without a configuration', () => {
  it('are compared as groups of their own, whose settings and seeds are unknown', () =>
    withFolder(async (folder) => {
      const unknown = ['x', 'y'].map((name) => {
        const path = run(folder, name, {}, [60]);
        rmSync(join(path, 'config.json'));
        return path;
      });
      const comparison = compareRuns([...sixRuns(folder), ...unknown]);
      assert.deepEqual(
        comparison.groups.map(({ name }) => name),
        ['loss bias', 'loss ce', 'x, of unknown settings', 'y, of unknown settings'],
      );
      assert.equal(comparison.differences.at(-1)!.seeds, 0);
      const [runs] = comparisonTables(comparison);
      assert.deepEqual(runs!.rows.at(-1), ['y', '–', '–', '1', '60', '60', '1']);
    }));

  it('are refused where it cannot be read', () =>
    withFolder(async (folder) => {
      const [first, second] = sixRuns(folder);
      writeFileSync(join(second!, 'config.json'), '{ "loss": "ce",');
      assert.throws(
        () => compareRuns([first!, second!]),
        (error: Error) =>
          error instanceof UserError && /ce-1.config\.json cannot be read: /.test(error.message),
      );
    }));
});

describe('biasloss compare', () => {
  it('prints each format, and writes a page that loads nothing', () =>
    withFolder(async (cwd) => {
      sixRuns(cwd);
      const names = ['bias-1', 'ce-1', 'bias-2', 'ce-2'];
      const text = await biasloss(['compare', ...names], { cwd });
      assert.match(text.stdout, /\nloss bias +2 +53 ± 1\.41 +63 ± 1\.41\n/);
      assert.match(text.stdout, /\nloss ce − loss bias +2 +-1\.5 +-7\.8531 to 4\.8531 +-3 +0\.2048\n$/);
      const json = JSON.parse((await biasloss(['compare', ...names, '--format=json'], { cwd })).stdout);
      assert.equal(json.differences[0].test.difference, -1.5);
      const page = await biasloss(['compare', ...names, '--format=html', '--output=c.html'], { cwd });
      assert.equal(page.stdout, 'comparison: c.html\n');
      const html = readFileSync(join(cwd, 'c.html'), 'utf8');
      assert.match(html, /<td>-7\.8531 to 4\.8531<\/td>/);
      assert.ok(!/<(?:script|link)|src="(?!data:)|@import|url\(/.test(html));
      const named = await biasloss(['compare', ...names, '--output=c.csv'], { cwd });
      assert.deepEqual(
        [named.code, named.stderr],
        [2, 'error: --output c.csv would have --format text: give --format csv, or another name\n'],
      );
      const wrong = await biasloss(['compare', 'nowhere'], { cwd });
      assert.deepEqual(
        [wrong.code, wrong.stderr],
        [1, 'error: nowhere is not a run: it has no metrics.csv\n'],
      );
    }));
});

describe('a run that was resumed with more epochs', () => {
  it('is no seed of the runs with fewer', { timeout: 120_000 }, () =>
    withFolder(async (cwd) => {
      const train = async (...args: string[]): Promise<void> => {
        const { code, stderr } = await biasloss(args, { cwd });
        assert.equal(code, 0, stderr);
      };
      await train(...TRAIN_QUICK, '--epochs=1', '--seed=1', '--run-dir=short');
      await train(...TRAIN_QUICK, '--epochs=1', '--seed=2', '--run-dir=long');
      await train('train', '--resume=long', '--epochs=2', '--no-report');
      const runs = ['short', 'long'].map((name) => join(cwd, name));
      const comparison = compareRuns(runs);
      assert.deepEqual(
        comparison.groups.map(({ name, runs: members }) => [name, members.length]),
        [
          ['epochs 1', 1],
          ['epochs 2', 1],
        ],
      );
      const [header] = csvOf(comparison).split('\n');
      assert.equal(header, 'run,epochs,seed,epochs_run,last_test_top1,best_test_top1,best_epoch');
      assert.equal(settingsOf(runs[1]!)?.epochs, 2);
      // Without a checkpoint that can be read, what the run was started with is all that is known.
      writeFileSync(join(runs[1]!, 'last.safetensors'), 'broken');
      assert.equal(settingsOf(runs[1]!)?.epochs, 1);
    }),
  );
});
