import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { parseInventory } from '../../src/data/parts/inventory.js';
import type { KFold } from '../../src/runs/kfold.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { drawClasses, drawnImage } from './fixtures/images.js';
import { biasloss, type Ended, eventsOf } from './fixtures/process.js';
import { SharedProcess } from './fixtures/sharedProcess.js';

const KFOLD = [
  'kfold',
  '--data=imagefolder',
  '--data-path=images',
  '--model=shufflenetv2',
  '--ratio=0.5',
  '--image-size=32',
  '--epochs=1',
  '--batch-size=4',
  '--engine=onnx',
  '--threads=1',
  '--no-report',
];
const NEW = [...KFOLD, '--folds=2', '--run-dir=all'];

const WRONG: [args: string[], code: number, message: RegExp][] = [
  [['--folds=1'], 2, /^error: --folds must be a whole number of at least 2, not 1\n$/],
  [['--fold=1'], 2, /\(Did you mean --folds\?\)\n$/],
  [
    ['--resume=all', '--run-dir=x'],
    2,
    /^error: --run-dir and --resume exclude each other: give one of them\n$/,
  ],
  [['--resume=all', '--recipe=finetune'], 2, /^error: --recipe is for a new k-fold training: /],
  [['--data-path=hollow'], 1, /^error: the class folder .*hollow.empty has no images: /],
  [['--data-path=hollow', '--run-dir=mine'], 1, /^error: the class folder .*hollow.empty has no images: /],
  [
    ['--batch-size=13', '--run-dir=mine/new'],
    1,
    /^error: a batch of 13 is larger than .* its \d+ images: give a smaller --batch-size\n$/,
  ],
  [['--folds=50', '--run-dir=x'], 1, /^error: 12 images are too few for --folds 50\n$/],
  [['--folds=3', '--val-share=0.3'], 2, /^error: --val-share has no effect with --folds\n$/],
  [['--resume=none'], 1, /^error: runs\/none has no k-fold training: it has no kfold\.json\n$/],
  [['--resume=all', '--folds=4'], 2, /^error: all has --folds 2, and cannot be resumed with 4\n$/],
  [
    ['--resume=all', '--base-lr=0.5'],
    2,
    /^error: all has --base-lr 0\.1, and cannot be resumed with 0\.5\n$/,
  ],
  [['--resume=all', '--seed=3'], 2, /^error: all has --seed 0, and cannot be resumed with 3\n$/],
  [
    ['--resume=all', '--epochs=2'],
    2,
    /^error: all, of which folds are done, has --epochs 1, and cannot be resumed with 2\n$/,
  ],
  [['--resume=all', '--accuracies-dir=x'], 2, /accuracies/],
  [['--run-dir=all'], 1, /^error: all already has a k-fold training: give --resume all/],
];

const shared = new SharedProcess();
after(() => shared.close());

interface Summary {
  readonly folds: readonly { readonly fold: number; readonly top1: number }[];
  readonly top1: { readonly mean: number; readonly deviation: number };
}

describe('biasloss kfold', () => {
  it('trains a run per fold, resumes after a break, and gives mean and deviation', () =>
    withFolder(async (cwd) => {
      await drawClasses(join(cwd, 'images'), ['broad', 'narrow', 'wide'], 4);
      mkdirSync(join(cwd, 'hollow', 'empty'), { recursive: true });
      mkdirSync(join(cwd, 'mine'));
      let sent = false;
      const broken = await biasloss([...NEW, '--log-format=json'], {
        cwd,
        onOutput: (stdout, child) => {
          if (sent || (stdout.match(/"event":"start"/g) ?? []).length < 2) return;
          sent = true;
          child.kill('SIGINT');
        },
      });
      assert.equal(broken.code, 130, broken.stderr);
      assert.match(broken.stderr, /resume with: biasloss kfold --resume all/);
      assert.ok(existsSync(join(cwd, 'all', 'fold-1', 'best.safetensors')));
      await checkPartition(cwd);
      const ended = await resumed(cwd);
      const events = eventsOf(ended.stdout);
      const { folds, top1 } = events.at(-1)! as Record<string, unknown> & Summary;
      assert.deepEqual(
        folds.map(({ fold }) => fold),
        [1, 2],
      );
      const values = folds.map((fold) => fold.top1);
      const mean = values.reduce((a, b) => a + b) / 2;
      const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      assert.ok(Math.abs(top1.mean - mean) < 1e-9);
      assert.ok(Math.abs(top1.deviation - Math.sqrt(squares)) < 1e-9);
      await checkFolds(cwd, values);
      await checkInspection(cwd);
      await checkChangedData(cwd);
      for (const [args, code, message] of WRONG) {
        const wrong = await shared.run([...KFOLD, ...args], cwd);
        assert.match(wrong.stderr.split('\n').slice(-2).join('\n'), message);
        assert.equal(wrong.code, code, args.join(' '));
      }
      assert.deepEqual(
        readdirSync(cwd).sort(),
        ['all', 'hollow', 'images', 'mine'],
        'nothing refused leaves a folder',
      );
      assert.deepEqual(readdirSync(join(cwd, 'mine')), []);
      writeFileSync(join(cwd, 'all', 'kfold.json'), '{"folds":2}');
      const damaged = await shared.run(['kfold', '--resume=all'], cwd);
      assert.match(damaged.stderr, /^error: all\/kfold\.json is damaged/);
    }));
});

/** A fold that is new is not trained on other images than those before it. */
async function checkPartition(cwd: string): Promise<void> {
  const [begun, aside] = [join(cwd, 'all', 'fold-2'), join(cwd, 'aside')];
  const [gone, added] = [join(cwd, 'images/broad/0.jpeg'), join(cwd, 'images/wide/new.png')];
  const image = readFileSync(gone);
  renameSync(begun, aside);
  const refused = async (change: RegExp): Promise<void> => {
    const { code, stderr } = await shared.run(['kfold', '--resume=all', '--no-report'], cwd);
    assert.equal(code, 1);
    assert.match(
      stderr,
      new RegExp(
        `error: .*images has changed since the run in all.fold-1 started: ${change.source}; the folds must share the same images: [^\n]*\n$`,
      ),
    );
    assert.deepEqual(
      [existsSync(begun), existsSync(join(cwd, 'all', 'fold-1', 'best.safetensors'))],
      [false, true],
    );
  };
  rmSync(gone);
  await refused(/1 missing \(broad\/0\.jpeg\)/);
  writeFileSync(gone, image);
  writeFileSync(added, await drawnImage(2, 90));
  await refused(/1 added \(wide\/new\.png\)/);
  rmSync(added);
  renameSync(aside, begun);
}

/** Resumes a training with settings that may change, after it was refused with others. */
async function resumed(cwd: string): Promise<Ended> {
  const changed = await shared.run(['kfold', '--resume=all', '--loss=ce'], cwd);
  assert.match(changed.stderr, /^error: all has --loss "bias", and cannot be resumed with "ce"\n$/);
  const resume = ['kfold', '--resume=all', '--workers=1', '--loss=bias', '--no-report', '--log-format=json'];
  const ended = await biasloss(resume, { cwd });
  assert.equal(ended.code, 0, ended.stderr);
  // What may change goes into the folds to come, and is kept for those after another break.
  const { settings } = JSON.parse(readFileSync(join(cwd, 'all', 'kfold.json'), 'utf8')) as KFold;
  assert.equal(settings.workers, 1);
  return ended;
}

/** Each fold holds out other images, and `test` finds the same ones again. */
async function checkFolds(cwd: string, top1: readonly number[]): Promise<void> {
  const held = [1, 2].flatMap((fold) =>
    readFileSync(join(cwd, 'all', `fold-${fold}`, 'split.tsv'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('val')),
  );
  assert.deepEqual([held.length, new Set(held).size], [12, 12]);
  const checkpoint = '--checkpoint=all/fold-2/last.safetensors';
  const { stdout } = await biasloss(
    ['test', checkpoint, '--engine=onnx', '--threads=1', '--log-format=json'],
    { cwd },
  );
  const [result] = eventsOf(stdout);
  assert.equal(result!.images, 6);
  assert.ok(Math.abs(Number(result!.top1) - top1[1]!) < 1e-6);
}

/** `inspect` looks at every image with the model that did not train on it. */
async function checkInspection(cwd: string): Promise<void> {
  const inspect = (...args: string[]) => biasloss(['inspect', ...args], { cwd });
  const found = async (place: string): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await inspect(place, '--most=12', '--log-format=json');
    assert.equal(code, 0, stderr);
    return eventsOf(stdout)[0]!;
  };
  const all = await found('all');
  assert.deepEqual(
    [all.kfold, all.folds, all.probabilities, all.images, all.of_images],
    ['all', 2, 'out-of-fold', 12, 12],
  );
  const folds = [await found('all/fold-1'), await found('all/fold-2')];
  const losses = (one: Record<string, unknown>) => one.greatest_loss as { loss: number }[];
  const expected = folds.flatMap(losses).toSorted((a, b) => b.loss - a.loss);
  assert.deepEqual(losses(all), expected);
  const text = await inspect('all', '--write-exclude=list.txt');
  assert.match(
    text.stdout,
    /^all on 12 images \(all folds\)\nprobabilities: of each image by the model of the fold /,
  );
  assert.match(readFileSync(join(cwd, 'list.txt'), 'utf8'), /^# Likely label errors by all\. /);
  rmSync(join(cwd, 'list.txt'));
  const part = await inspect('all', '--part=train');
  assert.match(part.stderr, /^error: --part train is for a run: [^\n]*\n$/);
  assert.equal(part.code, 2);
}

/** Without an image the folds would be dealt anew: what is said to be held out still is what the fold held out. */
async function checkChangedData(cwd: string): Promise<void> {
  const [gone, added] = [join(cwd, 'images/broad/0.jpeg'), join(cwd, 'images/wide/new.png')];
  const image = readFileSync(gone);
  rmSync(gone);
  writeFileSync(added, await drawnImage(2, 90));
  const notices: string[] = [];
  for (const fold of [1, 2]) {
    const run = `all/fold-${fold}`;
    const { stdout, stderr } = await shared.run(['inspect', run, '--most=12', '--log-format=json'], cwd);
    const found = eventsOf(stdout)[0]!.greatest_loss as { image: string }[];
    const split = parseInventory(readFileSync(join(cwd, run, 'split.tsv'), 'utf8'), 'split.tsv');
    const held = split.filter(({ part }) => part === 'val').map(({ key }) => key);
    assert.deepEqual(
      found.map((one) => one.image).sort(),
      held.filter((key) => key !== 'broad/0.jpeg').sort(),
    );
    notices.push(stderr);
    const report = await shared.run(['report', run], cwd);
    const missing = held.includes('broad/0.jpeg');
    assert.equal(report.code, 0);
    assert.equal(
      /images has changed since the run: .*1 missing \(broad\/0\.jpeg\)/.test(report.stderr),
      missing,
    );
    const page = readFileSync(join(cwd, run, 'report.html'), 'utf8');
    assert.equal(/images has changed since the run: /.test(page), /has changed/.test(report.stderr));
    assert.match(page, new RegExp(`on ${found.length} test images`));
  }
  assert.match(notices.join(), /images has changed since the run: .*1 missing \(broad\/0\.jpeg\)/);
  const all = await shared.run(['inspect', 'all', '--most=12', '--log-format=json'], cwd);
  assert.equal(eventsOf(all.stdout)[0]!.images, 11);
  assert.match(all.stderr, /images has changed since the run: /);
  writeFileSync(gone, image);
  rmSync(added);
}
