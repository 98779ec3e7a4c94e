/** Refusals that say what was meant, or what would be taken. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { withFolder } from '../train/fixtures/tiny.js';
import { SMALL } from './fixtures/process.js';
import { SharedProcess } from './fixtures/sharedProcess.js';

/** What is wrong, the arguments, the exit code and what standard error says. */
type Case = readonly [what: string, args: readonly string[], code: 1 | 2, message: RegExp];

const FLAGS: readonly Case[] = [
  ...Object.entries({
    '--lr=0.1': '--base-lr',
    '--learning-rate=0.1': '--base-lr',
    '--ema': '--ema-decay',
    '--aa=ra': '--auto-augment',
    '--sched=cosine': '--schedule',
    '--half': '--precision bf16',
    '--num_workers=2': '--workers',
    '-j': '--workers',
  }).map(
    ([flag, meant]): Case => [
      `another program’s ${flag}`,
      ['train', flag],
      2,
      new RegExp(`^error: unknown option '.*'\n\\(Did you mean ${meant}\\?\\)\n$`),
    ],
  ),
  [
    'a launched training without --',
    ['launch', '-n', '2', 'train', '--data', 'synthetic'],
    2,
    /^error: unknown option '--data'\n\(The options of train stand after --: biasloss launch -n 2 -- train …\)\n$/,
  ],
  [
    'a card as a device',
    ['train', '--device=cuda'],
    2,
    /It must be cpu; an NVIDIA GPU is chosen by --engine cuda\.\n$/,
  ],
  [
    'a card and the processor',
    ['train', '--engine=cuda', '--device=cpu'],
    2,
    /^error: --engine cuda computes on a GPU, and --device cpu excludes it/,
  ],
];

const LIMITS: readonly Case[] = [
  [
    'more workers than a machine bears',
    ['train', '--workers=100000'],
    2,
    /^error: --workers must be a whole number from 1 to 128, not 100000\n$/,
  ],
  [
    'images larger than a machine bears',
    ['train', ...SMALL, '--image-size=1000000'],
    2,
    /^error: --image-size must be a whole number from 1 to 4096, not 1000000\n$/,
  ],
  [
    'the same of a command that does not train',
    ['profile', '--model=resnet18', '--image-size=1000000'],
    2,
    /It must be a whole number from 1 to 4096\.\n$/,
  ],
  [
    'a seed that is not exact',
    ['train', '--seed=9007199254740993'],
    2,
    /^error: --seed must be a whole number from 0 to 9007199254740991, not 9007199254740992\n$/,
  ],
];

const FILES: readonly Case[] = [
  [
    'a batch larger than the data',
    ['train', ...SMALL, '--batch-size=65'],
    1,
    /a batch of 65 is larger than .* 64 images: give a smaller --batch-size\n$/,
  ],
  [
    'a path of a run that is not there',
    ['train', '--resume=../none'],
    1,
    /^error: there is no run folder \.\.\/none\n$/,
  ],
  ['a path of a run that is not there', ['auto', '--resume=runs/x'], 1, /no run folder runs\/x\n$/],
  ['a folder as weights', ['test', '--checkpoint=empty'], 1, /^error: empty is a folder: expected a file\n$/],
  [
    'a run as weights',
    ['train', ...SMALL, '--pretrained=old'],
    1,
    /^error: .*old is the folder of a run: its weights are in .*old.best\.safetensors\n$/,
  ],
  [
    'an export under another format’s name',
    ['export', '--checkpoint=none.safetensors', '--to=onnx', '--output=x.pth'],
    2,
    /^error: --output with --to onnx takes the name of a \.onnx file, not x\.pth\n$/,
  ],
  [
    'a report that is no page',
    ['report', 'none', '--output=x.pdf'],
    2,
    /^error: --output takes the name of a \.html or \.htm file, not x\.pdf\n$/,
  ],
];

function prepare(cwd: string): void {
  for (const name of ['empty', 'old', 'early', 'late']) mkdirSync(join(cwd, name));
  writeFileSync(join(cwd, 'old', 'best.safetensors'), '');
  writeFileSync(join(cwd, 'early', 'metrics.csv'), 'epoch,test_top1\n');
  writeFileSync(join(cwd, 'late', 'metrics.csv'), 'epoch,test_top1\n1,12.5\n2,30\n');
}

const shared = new SharedProcess();
after(() => shared.close());

describe('advice', () => {
  for (const [what, args, code, message] of [...FLAGS, ...LIMITS, ...FILES])
    it(`${what}: ${args[0]} says in a sentence what helps, and leaves nothing behind`, () =>
      withFolder(async (cwd) => {
        prepare(cwd);
        const before = readdirSync(cwd);
        const ended = await shared.run(args, cwd);
        assert.match(ended.stderr, message);
        assert.deepEqual([ended.code, ended.stdout], [code, '']);
        assert.deepEqual(readdirSync(cwd), before);
      }));
});

describe('a run that has no epoch yet', () => {
  it('is left out by curves and compare, which say so', () =>
    withFolder(async (cwd) => {
      prepare(cwd);
      const labels = ['--labels', 'none', 'one'];
      const drawn = await shared.run(['curves', 'early', 'late', ...labels], cwd);
      assert.deepEqual([drawn.code, drawn.stderr], [0, 'early has no epoch yet: it is left out\n']);
      assert.match(drawn.stdout, /\none +2 +30 /);
      const compared = await shared.run(['compare', 'late', 'early'], cwd);
      assert.deepEqual([compared.code, compared.stderr], [0, 'early has no epoch yet: it is left out\n']);
      assert.match(compared.stdout, /\nlate +– +2 +30 /);
    }));
});
