import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { writeReport } from '../../src/report/writeReport.js';
import { biasloss, type Ended, SMALL, TRAIN_SMALL } from '../cli/fixtures/process.js';

let cwd = '';
let trained: Ended;
let page = '';
before(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'biasloss-report-'));
  trained = await biasloss(['train', ...SMALL, '--epochs=2', '--run-dir=run'], { cwd });
  page = readFileSync(join(cwd, 'run/report.html'), 'utf8');
});
after(() => rmSync(cwd, { recursive: true }));

describe('the report of a run', () => {
  it('is written at the end of training, which says where it is', () => {
    assert.equal(trained.code, 0);
    assert.match(trained.stdout, /\nreport: run\/report\.html\n/);
    assert.ok(statSync(join(cwd, 'run/report.html')).size < 3e6);
  });

  it('loads nothing, and embeds its images', () => {
    assert.ok(!/<link|src="(?!data:image\/webp;base64,)|@import|url\(/.test(page));
    assert.ok(!/https?:\/\/(?!www\.w3\.org\/)/.test(page));
    assert.ok(page.match(/<img src="data:/g)!.length >= 4);
  });

  it('has what training logged and what testing the best checkpoint says', async () => {
    const metrics = readFileSync(join(cwd, 'run/metrics.csv'), 'utf8').trim().split('\n');
    const best = Math.max(...metrics.slice(1).map((row) => Number(row.split(',')[6])));
    const tested = await biasloss(
      [
        'test',
        '--checkpoint=run/best.safetensors',
        '--limit-test=32',
        '--engine=onnx',
        '--threads=1',
        '--threads=1',
        '--log-format=json',
      ],
      { cwd },
    );
    const { top1 } = JSON.parse(tested.stdout) as { top1: number };
    assert.equal(top1, best);
    assert.ok(page.includes(`on 32 test images: top-1 ${top1.toFixed(1)}%`));
    for (const heading of [
      'Accuracy',
      'Losses',
      'Learning rate',
      'Throughput',
      'Weights z(v)',
      'Classes',
      'Confusion matrix',
      'Reliability diagram',
      'Likely label errors',
      'Lowest variance',
      'Grad-CAM',
    ])
      assert.ok(page.includes(heading), heading);
    const cells = [...page.matchAll(/data-images="[^"]*" aria-label="[^"]*: (\d+)"/g)].map(([, count]) =>
      Number(count),
    );
    assert.equal(
      cells.reduce((sum, count) => sum + count, 0),
      32,
    );
  });
});

describe('a run with a report', () => {
  it('logs the spread of the weights, between their bounds', () => {
    const [header, ...rows] = readFileSync(join(cwd, 'run/loss_weights.csv'), 'utf8').trim().split('\n');
    assert.equal(rows.length, 2);
    const columns = header!.split(',');
    for (const row of rows) {
      const value = (name: string): number => Number(row.split(',')[columns.indexOf(name)]);
      // exp(0.3·0) − 0.3 is the least weight.
      assert.ok(Math.abs(value('weight_min') - 0.7) < 1e-6);
      for (const of of ['variance', 'weight']) {
        const ends = ['min', 'p5', 'p25', 'median', 'p75', 'p95', 'max'].map((end) => value(`${of}_${end}`));
        assert.deepEqual(
          ends,
          ends.toSorted((a, b) => a - b),
        );
        assert.ok(ends[0]! < ends[6]!);
      }
    }
  });
});

describe('the report of a run whose model or settings are missing', () => {
  it('keeps the curves where the data is gone, and says so', async () => {
    const config = JSON.parse(readFileSync(join(cwd, 'run/config.json'), 'utf8')) as object;
    assert.ok('loss' in config);
    const folder = join(cwd, 'moved');
    mkdirSync(folder);
    copyFileSync(join(cwd, 'run/metrics.csv'), join(folder, 'metrics.csv'));
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ loss: '<b>' }));
    const { missing } = await writeReport(folder);
    assert.equal(missing, `${folder} has no checkpoint yet`);
    const text = readFileSync(join(folder, 'report.html'), 'utf8');
    assert.ok(text.includes('There are no figures of the model') && text.includes('Throughput'));
    assert.ok(text.includes('&lt;b&gt;') && !text.includes('<b>'));
  });

  it('is kept where its figures cannot be made again, unless another file is named', async () => {
    const folder = join(cwd, 'kept');
    mkdirSync(folder);
    for (const name of ['metrics.csv', 'config.json', 'report.html'])
      copyFileSync(join(cwd, 'run', name), join(folder, name));
    const kept = await biasloss(['report', 'kept'], { cwd });
    assert.equal(kept.code, 1);
    assert.match(
      kept.stderr,
      /^error: kept\/report\.html has figures of the model, .* kept has no checkpoint yet; it is kept: .* --output\n$/,
    );
    assert.equal(readFileSync(join(folder, 'report.html'), 'utf8'), page);
    const { code, stdout } = await biasloss(['report', 'kept', '--output=other.html'], { cwd });
    assert.equal(code, 0);
    assert.equal(stdout, 'report: other.html\n');
    // A page without them is written again, as is any page at the end of a training.
    assert.equal(
      (await writeReport(folder, { output: join(cwd, 'other.html'), replacesFigures: false })).path,
      join(cwd, 'other.html'),
    );
    assert.equal((await writeReport(folder)).missing, `${folder} has no checkpoint yet`);
    assert.ok(
      readFileSync(join(folder, 'report.html'), 'utf8').includes('There are no figures of the model'),
    );
  });

  it('says so where its settings cannot be read', async () => {
    const folder = join(cwd, 'cut');
    mkdirSync(folder);
    copyFileSync(join(cwd, 'run/metrics.csv'), join(folder, 'metrics.csv'));
    writeFileSync(join(folder, 'config.json'), '{');
    const { path } = await writeReport(folder);
    assert.match(readFileSync(path, 'utf8'), /The run’s settings are unknown: .*config\.json cannot be read/);
  });
});

describe('a training', () => {
  it('writes no report where it is not wanted, and a failure is only a notice', async () => {
    const without = await biasloss([...TRAIN_SMALL, '--epochs=1', '--run-dir=without'], {
      cwd,
    });
    assert.ok(!without.stdout.includes('report'));
    assert.equal(statSync(join(cwd, 'without')).isDirectory(), true);
    rmSync(join(cwd, 'run/report.html'));
    mkdirSync(join(cwd, 'run/report.html'));
    const resumed = await biasloss(['train', '--resume=run', '--epochs=3'], { cwd });
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.match(resumed.stderr, /there is no report of the run: /);
    assert.match(resumed.stdout, /\nbest weights: /);
  });
});
