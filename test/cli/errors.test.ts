import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { withFolder } from '../train/fixtures/tiny.js';
import { biasloss, SMALL, TRAIN_QUICK, TRAIN_SMALL } from './fixtures/process.js';
import { SharedProcess } from './fixtures/sharedProcess.js';

/** What is wrong, the arguments, the exit code and what standard error says. */
type Case = readonly [what: string, args: readonly string[], code: 1 | 2, message: RegExp];

const CASES: readonly Case[] = [
  ['an unknown command', ['trian'], 2, /^error: unknown command 'trian'\n\(Did you mean train\?\)\n$/],
  [
    'an unknown flag',
    ['train', '--epoch=3'],
    2,
    /^error: unknown option '--epoch=3'\n\(Did you mean --epochs\?\)\n$/,
  ],
  ['an unknown model', ['train', '--model=resnet'], 2, /'resnet' is invalid\. .* Did you mean resnet18\?\n$/],
  ['an unknown model', ['info', '--model=vgg'], 2, /must be one of resnet18, densenet121/],
  [
    'a folder as the name of data',
    ['train', '--data=.'],
    2,
    /It is a path: a folder of images is given by --data imagefolder --data-path \.\.\n$/,
  ],
  [
    'a folder without a flag',
    ['train', '--epochs=1', 'short'],
    2,
    /^error: too many arguments for 'train'\. .* A folder of images is given by --data imagefolder --data-path short\.\n$/,
  ],
  ['a word without a flag', ['train', 'none'], 2, /^error: too many arguments for 'train'\. [^.]*\.\n$/],
  ['a file as the name of a model', ['test', '--model=.'], 2, /weights are given by --checkpoint, or/],
  [
    'a model with a slip',
    ['info', '--model=resnet81'],
    2,
    /none of the \d+ known names\. Did you mean resnet/,
  ],
  ['a model that is missing', ['info'], 2, /required option '--model <name>' not specified/],
  [
    'a ratio that does not exist',
    ['info', '--model=shufflenetv2', '--ratio=0.7'],
    2,
    /the ratio 0\.5, 1, 1\.5, 2, not 0\.7/,
  ],
  ['a number that is none', ['train', '--base-lr=fast'], 2, /'fast' is invalid\. It must be a number/],
  [
    'a negative number',
    ['train', '--epochs=-1'],
    2,
    /^error: --epochs must be a whole number of at least 1, not -1\n$/,
  ],
  [
    'more threads than the machine bears',
    ['train', ...SMALL, '--threads=100000'],
    2,
    /^error: --threads must be at most \d+ with \d+ processors, not 100000\n$/,
  ],
  [
    'more threads in a configuration',
    ['train', ...SMALL.slice(0, -1), '--config=threads.json'],
    2,
    /^error: threads in threads\.json must be at most \d+ with \d+ processors, not 100000\n$/,
  ],
  ['a loss that does not exist', ['train', '--loss=mse'], 2, /must be one of bias, ce/],
  [
    'a recipe that does not exist',
    ['train', '--recipe=x'],
    2,
    /--recipe x does not exist; there is finetune, timm-mobilenetv3, paper, biasloss-cifar100/,
  ],
  [
    'a path for generated data',
    ['train', '--data=synthetic', '--data-path=x'],
    2,
    /^error: --data-path has no effect with --data synthetic: it is for --data cifar100, cifar10, imagefolder or webdataset\n$/,
  ],
  [
    'another number of classes',
    ['train', ...SMALL, '--classes=100'],
    2,
    /--classes is 100, but synthetic has 10 classes/,
  ],
  [
    'a configuration that is missing',
    ['train', '--config=none.json'],
    2,
    /none\.json cannot be read as JSON: ENOENT/,
  ],
  ['a configuration that is a list', ['train', '--config=list.json'], 2, /list\.json must be a JSON object/],
  [
    'an unknown setting',
    ['train', '--config=unknown.json'],
    2,
    /learningRate in unknown\.json is not a training setting/,
  ],
  [
    'a setting of another type',
    ['train', '--config=type.json'],
    2,
    /epochs in type\.json must be a whole number of at least 1, not "3"/,
  ],
  [
    'data that is missing',
    ['train', '--data=cifar100', '--data-path=none'],
    1,
    /^error: no CIFAR-100 at .*none: expected .*--download\n$/,
  ],
  [
    'truncated data',
    ['train', '--data=cifar100', '--data-path=short'],
    1,
    /train\.bin is truncated .* expected records of 3074 bytes, found 5000 bytes/,
  ],
  [
    'labels out of range',
    ['train', '--data=cifar100', '--data-path=labels'],
    1,
    /^error: .*image 1 has the label 200, but CIFAR-100 has the classes 0 to 99/,
  ],
  [
    'a batch larger than the data',
    ['train', ...SMALL, '--batch-size=65'],
    1,
    /a batch of 65 is larger than .* 64 images/,
  ],
  [
    'a run folder below a file',
    ['train', ...SMALL, '--run-dir=list.json/run'],
    1,
    /the run folder list\.json\/run cannot be created/,
  ],
  [
    'an empty path',
    ['train', ...SMALL, '--run-dir='],
    2,
    /--run-dir <folder>' argument '' is invalid\. It is empty/,
  ],
  [
    'an empty path of data',
    ['train', '--data=imagefolder', '--data-path', ''],
    2,
    /'--data-path <path>' .* is empty/,
  ],
  [
    'a flag in place of a path',
    ['train', ...SMALL, '--run-dir', '--no-report'],
    2,
    /--run-dir <folder>' argument '--no-report' is invalid\. It is a flag, and the value is missing\.\n$/,
  ],
  [
    'a flag with a value in place of a path',
    ['report', '--output', '--output=x.html', 'run'],
    2,
    /argument '--output=x\.html' is invalid\. It is a flag/,
  ],
  ['a run that is not there', ['train', '--resume=none'], 1, /there is no run folder runs\/none/],
  [
    'a new folder for an old run',
    ['train', '--resume=x', '--run-dir=y'],
    2,
    /and cannot be used with --resume/,
  ],
  [
    'a checkpoint that is missing',
    ['test', '--checkpoint=none.safetensors'],
    1,
    /none\.safetensors cannot be read: ENOENT/,
  ],
  ['a checkpoint that is none', ['test', '--checkpoint=list.json'], 1, /list\.json/],
];

function prepare(cwd: string): void {
  const json = {
    list: [1],
    unknown: { learningRate: 1 },
    type: { epochs: '3' },
    threads: { threads: 100_000 },
  };
  for (const [name, value] of Object.entries(json))
    writeFileSync(join(cwd, `${name}.json`), JSON.stringify(value));
  for (const name of ['short', 'labels']) mkdirSync(join(cwd, name));
  writeFileSync(join(cwd, 'short', 'train.bin'), new Uint8Array(5000));
  writeFileSync(join(cwd, 'short', 'test.bin'), new Uint8Array(3074));
  const records = new Uint8Array(2 * 3074);
  records[3074 + 1] = 200;
  for (const part of ['train', 'test']) writeFileSync(join(cwd, 'labels', `${part}.bin`), records);
}

const shared = new SharedProcess();
after(() => shared.close());

describe('errors', () => {
  for (const [what, args, code, message] of CASES) {
    it(`${what}: ${args[0]} ends with ${code} and a sentence, and leaves no run behind`, () =>
      withFolder(async (cwd) => {
        prepare(cwd);
        const before = readdirSync(cwd);
        const ended = await shared.run(args, cwd);
        assert.match(ended.stderr, message);
        assert.equal(ended.code, code);
        assert.equal(ended.stdout, '');
        assert.ok(!ended.stderr.includes('    at '), 'a stack trace');
        assert.deepEqual(readdirSync(cwd), before);
      }));
  }

  it('a process of its own ends like that, too', async () => {
    const ended = await biasloss(['test', '--checkpoint=none']);
    assert.deepEqual([ended.code, ended.stdout], [1, '']);
    assert.match(ended.stderr, /^error: none cannot be read: ENOENT[^\n]*\n$/);
  });

  it('--debug adds the stack trace', async () => {
    const { stderr, code } = await biasloss(['test', '--checkpoint=none', '--debug']);
    assert.equal(code, 1);
    assert.match(stderr, /^error: none cannot be read.*\nUserError: .*\n {4}at /);
  });

  it('help and version are no errors', async () => {
    const help = await biasloss(['train', '--help']);
    assert.equal(help.code, 0);
    assert.match(help.stdout, /--norm-mode[\s\S]*Examples:\n/);
    const version = await biasloss(['--version']);
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
  });
});

describe('a checkpoint of another model', () => {
  it('is refused by test and by --resume in a sentence', () =>
    withFolder(async (cwd) => {
      const run = await biasloss([...TRAIN_SMALL, '--epochs=1', '--run-dir=run'], { cwd });
      assert.equal(run.code, 0, run.stderr);
      const cases: [string[], number, RegExp][] = [
        [
          ['test', '--checkpoint=run/best.safetensors', '--model=resnet18'],
          1,
          /is a checkpoint of shufflenetv2, not resnet18/,
        ],
        [['test', '--checkpoint=run/best.safetensors', '--ratio=1'], 1, /is of the ratio 0\.5, not 1/],
        [['train', '--resume=run', '--loss=ce'], 2, /has --loss "bias", and cannot be resumed with "ce"/],
        [
          ['train', ...SMALL, '--run-dir=run'],
          1,
          /run already has a run: give --resume run to resume it, or another --run-dir/,
        ],
      ];
      for (const [args, code, message] of cases) {
        const ended = await shared.run(args, cwd);
        assert.match(ended.stderr, message);
        assert.equal(ended.code, code);
      }
      writeFileSync(join(cwd, 'run', 'last.safetensors'), 'damaged');
      const damaged = await shared.run(['train', '--resume=run'], cwd);
      assert.match(damaged.stderr, /^error: run\/last\.safetensors/);
      assert.ok(!existsSync(join(cwd, 'run', '.lock')));
    }));
});

describe('a full disk', () => {
  it('ends the run in a sentence before the first step, and leaves nothing', () =>
    withFolder(async (cwd) => {
      const ended = await biasloss([...TRAIN_QUICK, '--run-dir=run'], { cwd, largestFile: 500 });
      assert.equal(ended.code, 1);
      assert.match(ended.stderr, /^error: run\/last\.safetensors cannot be written: E(FBIG|NOSPC)/);
      assert.ok(!existsSync(join(cwd, 'run')));
    }));

  it('loses nothing that was saved before', () =>
    withFolder(async (cwd) => {
      const first = await biasloss([...TRAIN_QUICK, '--epochs=1', '--run-dir=run'], { cwd });
      assert.equal(first.code, 0, first.stderr);
      const full = await biasloss(['train', '--resume=run', '--epochs=2', '--no-report'], {
        cwd,
        largestFile: 500,
      });
      assert.match(
        full.stderr,
        /^error: run\/(last|best)\.safetensors cannot be written: .*; when it can be, resume with: biasloss train --resume run\n$/m,
      );
      assert.deepEqual(
        readdirSync(join(cwd, 'run')).filter((name) => name.startsWith('.')),
        [],
      );
      const after = await biasloss(['train', '--resume=run', '--epochs=2', '--no-report'], { cwd });
      assert.equal(after.code, 0, after.stderr);
      assert.match(after.stdout, /resuming after 1 epochs/);
    }));
});
