import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createModel } from '../../src/models/registry.js';
import { exportTorch } from '../../src/train/exportWeights.js';
import type { StateDictTensors } from '../../src/train/stateDict.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { drawClasses, drawnImage } from './fixtures/images.js';
import { SharedProcess } from './fixtures/sharedProcess.js';

/** What is wrong, the arguments, and what standard error says. */
type Case = readonly [what: string, args: readonly string[], message: RegExp];

const TRAIN = [
  'train',
  '--data=imagefolder',
  '--model=shufflenetv2',
  '--ratio=0.5',
  '--image-size=32',
  '--batch-size=4',
  '--epochs=1',
  '--engine=onnx',
  '--threads=1',
];

const CASES: readonly Case[] = [
  ['no path', TRAIN, /--data imagefolder needs --data-path/],
  [
    'a folder that is missing',
    [...TRAIN, '--data-path=none'],
    /there is no folder .*none: expected a folder/,
  ],
  ['a folder of images alone', [...TRAIN, '--data-path=good/a'], /good.a has no class folders/],
  ['an empty class folder', [...TRAIN, '--data-path=hollow'], /class folder .*hollow.c has no images/],
  [
    'an unreadable file',
    [...TRAIN, '--data-path=broken', '--batch-size=1'],
    /broken.b.bad\.jpg is not an image that can be read/,
  ],
  [
    'files of which none is readable',
    [...TRAIN, '--data-path=hopeless', '--run-dir=made/run'],
    /hopeless.[ab].\d\.jpg is not an image that can be read/,
  ],
  [
    'an image of another format',
    [...TRAIN, '--data-path=foreign'],
    /x\.bmp is of the unsupported format BMP/,
  ],
  [
    'a batch larger than the set',
    [...TRAIN, '--data-path=good', '--batch-size=20'],
    /a batch of 20 is larger than/,
  ],
  [
    'a class map without a folder',
    [...TRAIN, '--data-path=good', '--class-map=a.json'],
    /good.b is not a class: the class map a\.json does not have it/,
  ],
  ['a class map that is none', [...TRAIN, '--data-path=good', '--class-map=good/a/0.jpeg'], /0\.jpeg/],
  [
    'a list that is missing',
    [...TRAIN, '--data-path=good', '--exclude=none.txt'],
    /none\.txt, cannot be read/,
  ],
  [
    'an image too small for the model',
    ['train', '--data=imagefolder', '--data-path=good', '--model=skipblocknet', '--image-size=16'],
    /skipblocknet takes images of 32 pixels or more, not 16/,
  ],
  [
    'weights of another model',
    [...TRAIN, '--data-path=good', '--pretrained=resnet18.pth'],
    /resnet18\.pth: it has the tensors of resnet18, not of shufflenetv2 of the ratio 0\.5$/,
  ],
  ['weights that are none', ['predict', '--checkpoint=a.json', 'x.jpg'], /a\.json/],
  [
    'a hostile checkpoint',
    ['predict', '--checkpoint=evil.pth', 'x.jpg'],
    /evil\.pth refers to os\.system, which is not/,
  ],
  [
    'a truncated checkpoint',
    ['predict', '--checkpoint=short.pth', 'x.jpg'],
    /short\.pth is truncated or has bytes after its end/,
  ],
  [
    'weights whose results are not finite',
    ['predict', '--checkpoint=huge.pth', '--engine=onnx', 'good/a/0.jpeg'],
    /^error: good\/a\/0\.jpeg: the model’s logits are not finite$/,
  ],
  ['an image that is missing', ['predict', '--checkpoint=resnet18.pth', 'x.jpg'], /x\.jpg cannot be read/],
  [
    'another number of classes',
    ['predict', '--checkpoint=resnet18.pth', '--num-classes=7', 'x.jpg'],
    /2 of another shape: linear\.weight \[3, 512\] instead of \[7, 512\]/,
  ],
  [
    'another model',
    ['predict', '--checkpoint=resnet18.pth', '--model=densenet121', 'x.jpg'],
    /resnet18\.pth: it has the tensors of resnet18, not of densenet121$/,
  ],
  [
    'an ONNX model that is none',
    ['predict', '--checkpoint=junk.onnx', 'x.jpg'],
    /junk\.onnx is text, not a model/,
  ],
  [
    'a model of an ONNX model',
    ['predict', '--checkpoint=x.onnx', '--model=resnet18', 'x'],
    /--model is for weights/,
  ],
  [
    'bytes for what is no ONNX',
    ['export', '--checkpoint=resnet18.pth', '--to=pth', '--f16', '--output=x.pth'],
    /--f16 is for --to onnx and web, not pth/,
  ],
  [
    'an export onto its source',
    ['export', '--checkpoint=resnet18.pth', '--to=pth'],
    /is the checkpoint itself/,
  ],
  [
    'validation of too few classes',
    ['validate', '--checkpoint=resnet18.pth', '--data=good'],
    /good has 2 classes, but resnet18\.pth has 3, without names/,
  ],
  [
    'an unreadable file',
    ['validate', '--checkpoint=resnet18.pth', '--data=broken3'],
    /bad\.jpg is not an image/,
  ],
];

/** A pickle that would run a command. */
const EVIL = "\x80\x02cos\nsystem\n(S'echo harm > harm'\ntR.";

async function prepare(cwd: string): Promise<void> {
  const at = (...parts: string[]): string => join(cwd, ...parts);
  await drawClasses(at('good'), ['a', 'b'], 4);
  for (const copy of ['hollow', 'broken', 'foreign', 'broken3'])
    cpSync(at('good'), at(copy), { recursive: true });
  mkdirSync(at('hollow', 'c'));
  writeFileSync(at('broken', 'b', 'bad.jpg'), 'no image');
  for (const name of ['a', 'b']) {
    mkdirSync(at('hopeless', name), { recursive: true });
    for (let i = 0; i < 4; i++) writeFileSync(at('hopeless', name, `${i}.jpg`), 'no image');
  }
  writeFileSync(at('foreign', 'b', 'x.bmp'), 'BM');
  mkdirSync(at('broken3', 'c'));
  writeFileSync(at('broken3', 'c', 'bad.jpg'), 'no image');
  writeFileSync(at('a.json'), '{"a": 0}');
  writeFileSync(at('junk.onnx'), 'no model');
  writeFileSync(at('evil.pth'), EVIL, 'latin1');
  const weights = Buffer.concat(exportTorch(filled(0.01)));
  writeFileSync(at('resnet18.pth'), weights);
  writeFileSync(at('huge.pth'), Buffer.concat(exportTorch(filled(1e30))));
  writeFileSync(at('short.pth'), weights.subarray(0, 100_000));
}

/** A state dict of resnet18 for three classes. */
function filled(value: number): StateDictTensors {
  const entries = createModel({ name: 'resnet18', classes: 3 }).stateEntries();
  return new Map(
    entries
      .filter(({ kind }) => kind !== 'counter')
      .map(({ name, shape }) => {
        const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value);
        return [name, { dtype: 'f32', shape, data }];
      }),
  );
}

const shared = new SharedProcess();
after(() => shared.close());

describe('errors about images and weights', () => {
  it('are a sentence each, and an exit code', () =>
    withFolder(async (cwd) => {
      await prepare(cwd);
      for (const [what, args, message] of CASES) {
        const { code, stdout, stderr } = await shared.run(args, cwd);
        assert.match(stderr.split('\n').at(-2) ?? '', message, what);
        assert.ok(code === 1 || code === 2, `${what}: exit code ${code}`);
        assert.ok(!`${stdout}${stderr}`.includes('    at '), `${what}: a stack trace`);
      }
      assert.ok(!existsSync(join(cwd, 'made')), 'a run whose data was refused leaves no folder');
    }));
});

describe('an image that stops a run after its first steps', () => {
  it('is left out by the command that the error has', () =>
    withFolder(async (cwd) => {
      await drawClasses(join(cwd, 'good'), ['a', 'b'], 20);
      writeFileSync(join(cwd, 'good', 'b', 'bad.jpg'), 'no image');
      const args = [
        ...TRAIN,
        '--data-path=good',
        '--run-dir=my run',
        '--checkpoint-seconds=0',
        '--no-report',
      ];
      const broken = await shared.run(args, cwd);
      assert.equal(broken.code, 1, broken.stderr);
      assert.match(
        broken.stderr,
        /bad\.jpg is not an image .*; to leave it out: biasloss train --resume 'my run' --exclude LIST, a file that check-data --write-exclude makes\n$/,
      );
      await shared.run(['check-data', 'good', '--write-exclude=LIST'], cwd);
      const rest = await shared.run(['train', '--resume=my run', '--exclude=LIST', '--no-report'], cwd);
      assert.equal(rest.code, 0, rest.stderr);
      // Other sentences that begin with a file of the data have their own advice.
      writeFileSync(join(cwd, 'good', 'b', 'x.bmp'), 'BM');
      const foreign = await shared.run(['train', '--resume=my run', '--epochs=2', '--no-report'], cwd);
      assert.match(
        foreign.stderr,
        /x\.bmp is of the unsupported format BMP: [^;]*; convert it, or leave it out with --exclude\n$/,
      );
    }));
});

describe('biasloss check-data', () => {
  it('lists what training would stop at, and counts the classes', () =>
    withFolder(async (cwd) => {
      await drawClasses(join(cwd, 'train'), ['a', 'b'], 3);
      await drawClasses(join(cwd, 'val'), ['a', 'b'], 1);
      const clean = await shared.run(['check-data', '.'], cwd);
      assert.equal(clean.code, 0, clean.stderr);
      assert.match(clean.stdout, /train: 6 images in 2 classes[\s\S]*\na +3\nb +3\n[\s\S]*val: 2 images/);
      const whole = await drawnImage(0, 0, 'jpeg');
      writeFileSync(join(cwd, 'train', 'a', 'cut.jpg'), whole.subarray(0, whole.length / 2));
      writeFileSync(join(cwd, 'train', 'b', 'empty.png'), '');
      writeFileSync(join(cwd, 'val', 'b', 'x.bmp'), 'BM');
      const bad = await shared.run(['check-data', '.'], cwd);
      assert.equal(bad.code, 1);
      assert.match(bad.stdout, /\nempty: train.b.empty\.png\n/);
      assert.match(bad.stdout, /\nunreadable: train.a.cut\.jpg cannot be decoded as JPEG: .*\n/);
      assert.match(bad.stdout, /\nunsupported format: val.b.x\.bmp \(BMP\)\n/);
      assert.match(bad.stderr, /error: 3 files cannot be used; leave them out with train --exclude LIST\n$/);
      mkdirSync(join(cwd, 'only', 'a'), { recursive: true });
      const hollow = await shared.run(['check-data', 'only'], cwd);
      assert.equal(hollow.code, 1);
      assert.match(
        hollow.stderr,
        /error: training would fail: training needs 2 classes or more, not 1; class a has no images: remove the folder\n$/,
      );
      const written = await shared.run(['check-data', '.', '--write-exclude=list.txt'], cwd);
      assert.match(written.stderr, /with train --exclude list\.txt\n$/);
      assert.equal(
        readFileSync(join(cwd, 'list.txt'), 'utf8'),
        'train/b/empty.png\ntrain/a/cut.jpg\nval/b/x.bmp\n',
      );
      const rest = await shared.run(['check-data', '.', '--exclude=list.txt', '--log-format=json'], cwd);
      assert.equal(rest.code, 0, rest.stderr);
      assert.deepEqual((JSON.parse(rest.stdout) as { unusable: string[] }).unusable, []);
    }));
});
