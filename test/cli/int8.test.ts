import assert from 'node:assert/strict';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withFolder } from '../train/fixtures/tiny.js';
import { drawClasses } from './fixtures/images.js';
import { biasloss, type Ended, eventsOf } from './fixtures/process.js';

const CLASSES = ['broad', 'narrow', 'wide'];
const TRAIN = [
  ...['train', '--data=imagefolder', '--data-path=images', '--run-dir=run', '--no-report'],
  ...['--model=shufflenetv2', '--ratio=0.5', '--image-size=32', '--epochs=8', '--batch-size=4'],
  ...['--base-lr=0.02', '--engine=onnx', '--threads=1'],
];
const BEST = '--checkpoint=run/best.safetensors';
const EXPORT = ['export', BEST, '--to=onnx'];

/** The float and the int8 column of a row of the report. */
function rowOf(stdout: string, name: string): [number, number] {
  const [, float, int8] = new RegExp(`^${name} +([\\d.]+)\\S* *(?:MB|ms)? +([\\d.]+)`, 'm').exec(stdout)!;
  return [Number(float), Number(int8)];
}

const WRONG: [args: string[], code: number, message: RegExp][] = [
  [['--to=onnx', '--calibrate=images'], 2, /^error: --calibrate is for --int8\n$/],
  [['--to=onnx', '--calibration-images=8'], 2, /^error: --calibration-images is for --int8\n$/],
  [['--to=onnx', '--data=images'], 2, /^error: --data is for --int8\n$/],
  [['--to=onnx', '--int8', '--f16'], 2, /^error: --f16 and --int8 contradict each other/],
  [['--to=pth', '--int8'], 2, /^error: --int8 is for --to onnx, not pth\n$/],
  [['--to=onnx', '--int8', '--calibrate=none'], 1, /^error: .*none/],
  [['--to=onnx', '--int8', '--calibrate=empty'], 1, /^error: --calibrate empty has no images\n$/],
  [['--to=onnx', '--int8', '--calibration-images=0'], 2, /It must be a whole number of at least 1\./],
];

describe('biasloss export --int8', () => {
  it('prints what test and validate find, and is much smaller; also with bytes as input', () =>
    withFolder(async (cwd) => {
      const run = async (...args: string[]): Promise<Ended> => {
        const ended = await biasloss(args, { cwd });
        assert.equal(ended.code, 0, `${args.join(' ')}: ${ended.stderr}`);
        return ended;
      };
      await drawClasses(join(cwd, 'images'), CLASSES, 12);
      await run(...TRAIN);
      const { stdout } = await run(...EXPORT, '--int8');
      assert.match(stdout, /\nrun\/best\.int8\.onnx: 0\.\d\d MB\n$/);
      const [before, after] = rowOf(stdout, 'top-1');
      const [large, small] = rowOf(stdout, 'size');
      assert.ok(small < 0.4 * large, `${small} of ${large}`);
      assert.ok(Math.abs(before - after) < 34, `${before} ${after}`);
      const tested = async (file: string, part: string[]): Promise<Record<string, unknown>> => {
        const data = ['--data=imagefolder', '--data-path=images', ...part];
        return eventsOf((await run('test', file, ...data, '--log-format=json')).stdout)[0]!;
      };
      const int8 = '--checkpoint=run/best.int8.onnx';
      const held = await tested(int8, ['--part=val']);
      assert.equal(Number(held.top1).toFixed(2), after.toFixed(2));
      assert.equal(Number(held.cross_entropy).toFixed(4), rowOf(stdout, 'cross-entropy')[1].toFixed(4));
      // All images: by the folder that is named, from images of any classes.
      const bytes = ['--include-preprocessing', '--output=bytes.onnx', '--calibrate=images'];
      const all = await run(...EXPORT, '--int8', '--data=images', '--calibration-images=10', ...bytes);
      assert.match(all.stdout, /\ncalibrated on 10 images, /);
      const validated = eventsOf(
        (await run('validate', '--checkpoint=bytes.onnx', '--data=images', '--log-format=json')).stdout,
      )[0]!;
      assert.equal(Number(validated.top1).toFixed(2), rowOf(all.stdout, 'top-1')[1].toFixed(2));
      const found = await tested('--checkpoint=bytes.onnx', []);
      assert.deepEqual([found.top1, found.images], [validated.top1, 36]);
      assert.ok(statSync(join(cwd, 'bytes.labels.json')).size > 0);
      await checkFlips(run);
      mkdirSync(join(cwd, 'empty'));
      for (const [args, code, message] of WRONG) {
        const wrong = await biasloss(['export', BEST, ...args], { cwd });
        assert.match(wrong.stderr, message);
        assert.equal(wrong.code, code, args.join(' '));
      }
      await run('export', BEST, '--to=pth', '--output=plain.pth');
      const plain = ['export', '--checkpoint=plain.pth', '--to=onnx', '--int8'];
      const bare = await biasloss(plain, { cwd });
      assert.match(
        bare.stderr,
        /error: --int8 needs --calibrate .*: plain\.pth is not the checkpoint of a run\n$/,
      );
      const without = await run(...plain, '--calibrate=images');
      assert.match(without.stderr, /there is no accuracy: give --data with class folders\n/);
    }));
});

/** Test-time augmentation is the same in test and validate, of weights and of the exported model. */
async function checkFlips(run: (...args: string[]) => Promise<Ended>): Promise<void> {
  await run(...EXPORT, '--output=float.onnx');
  const resultOf = async (...args: string[]): Promise<Record<string, unknown>> =>
    eventsOf((await run(...args, '--log-format=json')).stdout)[0]!;
  const folder = ['--data=imagefolder', '--data-path=images', '--tta=flip'];
  const own = await resultOf('test', BEST, ...folder, '--part=train', '--engine=onnx');
  const exported = await resultOf('test', '--checkpoint=float.onnx', ...folder, '--part=train');
  assert.ok(Math.abs(Number(own.cross_entropy) - Number(exported.cross_entropy)) < 1e-4);
  const plain = await resultOf('test', BEST, ...folder.slice(0, 2), '--part=train', '--engine=onnx');
  assert.notEqual(own.cross_entropy, plain.cross_entropy);
  const validated = await resultOf('validate', '--checkpoint=float.onnx', '--data=images', '--tta=flip');
  const tested = await resultOf('test', '--checkpoint=float.onnx', ...folder);
  assert.ok(Math.abs(Number(tested.cross_entropy) - Number(validated.cross_entropy)) < 1e-6);
  const image = 'images/broad/0.jpeg';
  const { stdout } = await run('predict', '--checkpoint=float.onnx', image, '--tta=flip');
  const mirrored = await run('predict', BEST, image, '--tta=flip', '--engine=onnx');
  assert.equal(stdout.split('\n')[1]!.slice(0, 8), mirrored.stdout.split('\n')[1]!.slice(0, 8));
}
