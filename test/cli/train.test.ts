import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { withFolder } from '../train/fixtures/tiny.js';
import { biasloss, eventsOf, runFiles, SMALL, TRAIN_SMALL } from './fixtures/process.js';
import { SharedProcess } from './fixtures/sharedProcess.js';

const shared = new SharedProcess();
after(() => shared.close());

describe('biasloss train and test', () => {
  it('print lines of JSON with the documented names, write the run folder, and agree on the accuracy', () =>
    withFolder(async (cwd) => {
      const trained = await biasloss(
        ['train', ...SMALL, '--epochs=2', '--run-dir=run', '--log-format=json', '--save-every=2'],
        { cwd },
      );
      assert.equal(trained.stderr, '');
      assert.equal(trained.code, 0);
      const events = eventsOf(trained.stdout);
      const epochs = events.filter(({ event }) => event === 'epoch');
      assert.deepEqual(
        epochs.map(({ epoch }) => epoch),
        [1, 2],
      );
      for (const key of ['train_loss', 'train_top1', 'test_top1', 'test_top5', 'images_per_second'])
        assert.ok(Number.isFinite(epochs[1]![key]), key);
      const result = events.at(-1)!;
      assert.deepEqual(Object.keys(result), [
        'event',
        'top1',
        'top5',
        'cross_entropy',
        'best_top1',
        'parameters',
        'images',
      ]);
      assert.equal(result.images, 32);
      assert.equal(result.parameters, 356_018);
      assert.deepEqual(runFiles(join(cwd, 'run')), [
        'accuracy.csv',
        'accuracy_train.csv',
        'best.safetensors',
        'config.json',
        'epoch-002.safetensors',
        'events.out.tfevents',
        'last.safetensors',
        'log.jsonl',
        'loss_weights.csv',
        'metrics.csv',
        'report.html',
        'threads.csv',
      ]);
      await checkTested(cwd, result);
    }));
});

/** `test` finds the last checkpoint's accuracy again, and agrees with its own figures. */
async function checkTested(cwd: string, result: Record<string, unknown>): Promise<void> {
  const test = [
    'test',
    '--checkpoint=run/last.safetensors',
    '--limit-test=32',
    '--engine=onnx',
    '--threads=1',
  ];
  const tested = await biasloss([...test, '--log-format=json', '--per-class'], { cwd });
  const [again] = eventsOf(tested.stdout);
  assert.deepEqual(
    [again!.top1, again!.top5, again!.parameters, again!.images],
    [result.top1, result.top5, result.parameters, result.images],
  );
  const classes = again!.per_class as { images: number; top1: number }[];
  const right = classes.reduce((sum, { images, top1 }) => sum + (images * top1) / 100, 0);
  assert.ok(Math.abs((100 * right) / 32 - Number(result.top1)) < 1e-3);
  const files = ['--confusion=matrix.csv', '--class-figures=classes.json'];
  const text = await shared.run([...test, '--per-class', ...files], cwd);
  assert.match(text.stdout, /^top-1 +\d+\.\d\d% +top-5 +\d+\.\d\d%\n356,018 parameters, 32 images\n/);
  checkFigureFiles(cwd, again!, text.stdout);
  await checkFigureFlags(cwd, test);
  assert.match(text.stdout, /most confused +images/);
}

/** Files by their endings; others, and folders that do not exist, are refused. */
async function checkFigureFlags(cwd: string, test: readonly string[]): Promise<void> {
  const csv = await shared.run([...test, '--class-figures=classes.csv', '--log-format=json'], cwd);
  assert.equal(csv.code, 0);
  assert.match(
    readFileSync(join(cwd, 'classes.csv'), 'utf8'),
    /^name,images,predicted,top1,precision,recall,f1\n/,
  );
  const wrong = await shared.run([...test, '--confusion=run/last.safetensors'], cwd);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /--confusion takes the name of a \.csv file, not run\/last\.safetensors\n$/);
  const nowhere = await shared.run([...test, '--class-figures=no/classes.csv'], cwd);
  assert.equal(nowhere.code, 2);
  assert.match(nowhere.stderr, /--class-figures no\/classes\.csv: there is no folder no\n$/);
}

/** The files of figures say what the record of the test says. */
function checkFigureFiles(cwd: string, record: Record<string, unknown>, stdout: string): void {
  assert.match(stdout, /\nbalanced accuracy \d+\.\d\d% {2}calibration error \(ECE\) \d+\.\d\d%\n/);
  const matrix = readFileSync(join(cwd, 'matrix.csv'), 'utf8').trim().split('\n');
  const counts = matrix.slice(1).map((row) => row.split(',').slice(1).map(Number));
  assert.equal(matrix[0], ['class', ...matrix.slice(1).map((row) => row.split(',')[0]!)].join());
  const right = counts.reduce((sum, row, k) => sum + row[k]!, 0);
  assert.equal(
    counts.flat().reduce((sum, n) => sum + n, 0),
    32,
  );
  assert.ok(Math.abs((100 * right) / 32 - Number(record.top1)) < 1e-3);
  const { classes, ...means } = JSON.parse(readFileSync(join(cwd, 'classes.json'), 'utf8')) as {
    classes: { images: number; predicted: number; f1: number; recall: number | null }[];
  };
  for (const [name, value] of Object.entries(means)) assert.deepEqual(record[name], value, name);
  assert.deepEqual(Object.keys(means), ['balanced_accuracy', 'macro', 'weighted', 'ece']);
  assert.deepEqual(
    classes.map(({ images }) => images),
    counts.map((row) => row.reduce((sum, n) => sum + n, 0)),
  );
  const recalls = classes.flatMap(({ images, recall }) => (images > 0 ? [Number(recall)] : []));
  const mean = recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length;
  assert.ok(Math.abs(mean - Number(record.balanced_accuracy)) < 1e-3);
}

describe('biasloss train', () => {
  it('takes settings from a file, which flags override, in the published spelling too', () =>
    withFolder(async (cwd) => {
      const file = { epochs: 3, 'base-lr': 0.02, weight_decay: 0.001, normMode: 'local', milestones: [1, 2] };
      writeFileSync(join(cwd, 'settings.json'), JSON.stringify(file));
      const flags = ['--config=settings.json', '--epochs=1', '--base_lr', '0.03', '--chkp_dir', 'run'];
      const { code, stdout, stderr } = await biasloss(
        ['train', ...SMALL, ...flags, '--accuracies_dir', 'acc', '--classes', '10', '--device', 'cpu'],
        { cwd },
      );
      assert.match(stderr, /^the milestones 1, 2 are beyond the last epoch: the run has 1, [^\n]*\n$/);
      assert.equal(code, 0);
      assert.match(stdout, /epoch 1\/1 {2}loss \d/);
      assert.match(
        stdout,
        /\ntest top-1: [^\n]*[▁-█][^\n]*\nrun folder: run\nreport: run\/report\.html\nbest weights: run\/best\.safetensors\nlast weights: run\/last\.safetensors\n$/,
      );
      const config = JSON.parse(readFileSync(join(cwd, 'run', 'config.json'), 'utf8')) as object;
      const expected = { epochs: 1, baseLr: 0.03, weightDecay: 0.001, normMode: 'local', milestones: [1, 2] };
      assert.deepEqual({ ...config, ...expected }, config);
      assert.deepEqual(readdirSync(join(cwd, 'acc')).sort(), ['accuracy.csv', 'accuracy_train.csv']);
    }));

  it('starts with given weights, and rejects those of another model', () =>
    withFolder(async (cwd) => {
      const first = await shared.run([...TRAIN_SMALL, '--epochs=1', '--run-dir=a'], cwd);
      assert.equal(first.code, 0, first.stderr);
      const same = await shared.run(
        [...TRAIN_SMALL, '--epochs=1', '--run-dir=b', '--pretrained=a/best.safetensors'],
        cwd,
      );
      assert.equal(same.code, 0, same.stderr);
      assert.match(same.stderr, /best\.safetensors: 10 of 10 classifier rows kept by class name\n$/);
      const other = await shared.run(
        ['train', '--model=resnet18', '--data=synthetic', '--pretrained=a/best.safetensors'],
        cwd,
      );
      assert.equal(other.code, 1);
      assert.match(
        other.stderr,
        /^error: .*best\.safetensors: it has the tensors of shufflenetv2 of the ratio 0\.5, not of resnet18\n$/,
      );
    }));
});
