/** Flags that contradict one another or the data are refused before anything is read or made. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { withFolder } from '../train/fixtures/tiny.js';
import { biasloss, SMALL, TRAIN_QUICK } from './fixtures/process.js';
import { SharedProcess } from './fixtures/sharedProcess.js';

/** Training on data that is not there, so that only what is found before it is read can be the message. */
const NO_DATA = ['train', '--data=cifar100', '--data-path=none'];

const CASES: readonly (readonly [what: string, args: readonly string[], message: RegExp])[] = [
  ['a ratio that there is not', [...NO_DATA, '--ratio=3'], /the ratio 0\.5, 1, 1\.5, 2, not 3\n$/],
  [
    'a width of another model',
    [...NO_DATA, '--model=resnet18', '--width=1'],
    /^error: --width has no effect with --model resnet18: it is for --model skipblocknet\n$/,
  ],
  [
    'images too small for the model',
    [...NO_DATA, '--model=skipblocknet', '--image-size=16'],
    /32 pixels or more, not 16/,
  ],
  [
    'warm-up to the end',
    [...NO_DATA, '--warmup-epochs=5', '--epochs=5'],
    /^error: --warmup-epochs 5 must be below --epochs 5\n$/,
  ],
  [
    'Nesterov without momentum',
    [...NO_DATA, '--nesterov', '--momentum=0'],
    /^error: nesterov needs a momentum above 0\n$/,
  ],
  [
    'a class map of CIFAR',
    [...NO_DATA, '--class-map=x'],
    /^error: --class-map has no effect with --data cifar100: it is for --data imagefolder\n$/,
  ],
  [
    'a list of images to leave out of CIFAR',
    [...NO_DATA, '--exclude=x'],
    /^error: --exclude has no effect with --data cifar100/,
  ],
  [
    'the crop of files for generated images',
    ['train', ...SMALL, '--crop-scale=0.2'],
    /^error: --crop-scale has no effect with --data synthetic: it is for --data imagefolder or webdataset\n$/,
  ],
  [
    'the strength of RandAugment without it',
    [...NO_DATA, '--ra-magnitude=5'],
    /^error: --ra-magnitude has no effect with --auto-augment none: it is for --auto-augment ra\n$/,
  ],
  [
    'a class map of archives',
    ['train', '--data=webdataset', '--data-path=none', '--class-map=x'],
    /^error: --class-map has no effect with --data webdataset/,
  ],
  ...['alpha=0.2', 'beta=0', 'norm-mode=local'].map(
    (flag) =>
      [
        `${flag} with cross-entropy`,
        [...NO_DATA, '--loss=ce', `--${flag}`],
        new RegExp(`^error: --${flag.split('=')[0]} has no effect with --loss ce: it is for --loss bias\n$`),
      ] as const,
  ),
  [
    'milestones of a cosine',
    [...NO_DATA, '--schedule=cosine', '--milestones', '3', '5'],
    /^error: --milestones has no effect with --schedule cosine: it is for --schedule multistep\n$/,
  ],
  [
    'a download of generated images',
    ['train', '--data=synthetic', '--download'],
    /^error: --download has no effect with --data synthetic: it is for --data cifar100 or cifar10\n$/,
  ],
  [
    'first steps in f32 of a run in f32',
    [...NO_DATA, '--f32-steps=10'],
    /^error: --f32-steps has no effect with --precision f32: it is for --precision auto or bf16\n$/,
  ],
  [
    'a width by another name',
    ['info', '--model=skipblocknet', '--width=xl'],
    /'xl' is invalid\. It must be xs, s, m, l or a number\.\n$/,
  ],
];

describe('flags that do not go together', () => {
  const shared = new SharedProcess();
  after(() => shared.close());
  for (const [what, args, message] of CASES) {
    it(`${what}: one sentence, and 2 as the exit code`, () =>
      withFolder(async (cwd) => {
        const { code, stderr } = await shared.run(args, cwd);
        assert.match(stderr, message);
        assert.equal(code, 2);
        assert.deepEqual(readdirSync(cwd), []);
      }));
  }
});

describe('flags', () => {
  it('take the names of widths in capitals', async () => {
    const [small, capital] = await Promise.all(
      ['xs', 'XS'].map((width) => biasloss(['info', '--model=skipblocknet', `--width=${width}`])),
    );
    assert.equal(capital!.code, 0, capital!.stderr);
    assert.equal(capital!.stdout, small!.stdout);
  });

  it('that ask for more memory than there is end in a sentence', () =>
    withFolder(async (cwd) => {
      const trained = await biasloss([...TRAIN_QUICK, '--epochs=1', '--run-dir=run'], { cwd });
      assert.equal(trained.code, 0, trained.stderr);
      const flags = ['--checkpoint=run/best.safetensors', '--engine=onnx', '--threads=1'];
      const { code, stderr } = await biasloss(['test', ...flags, '--batch-size=100000000'], { cwd });
      assert.equal(
        stderr,
        'error: this needs more memory than there is: a smaller --batch-size needs less\n',
      );
      assert.equal(code, 1);
    }));
});
