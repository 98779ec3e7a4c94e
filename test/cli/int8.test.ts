import assert from 'node:assert/strict';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withFolder } from '../train/fixtures/tiny.js';
import { drawClasses } from './fixtures/images.js';
import { biasloss, type Ended, eventsOf } from './fixtures/process.js';

const CLASSES = ['broad', 'narrow', 'wide'];
const TRAIN = [
  ...['train', '--data=imagefolder', '--data-path=images', '--run-dir=run', '--no-report'],
  ...['--model=shufflenetv2', '--ratio=0.5', '--image-size=32', '--epochs=2', '--batch-size=8'],
  ...['--optimizer=adamw', '--loss=ce', '--crop-scale=0.9', '--engine=onnx', '--threads=1'],
];
const LAST = '--checkpoint=run/last.safetensors';
const EXPORT = ['export', LAST, '--to=onnx', '--int8'];

/** The float and the int8 column of a row of the report. */
function rowOf(stdout: string, name: string): [number, number] {
  const [, float, int8] = new RegExp(`^${name} +([\\d.]+)\\S* *(?:MB|ms)? +([\\d.]+)`, 'm').exec(stdout)!;
  return [Number(float), Number(int8)];
}

const WRONG: [args: string[], code: number, message: RegExp][] = [
  [['--to=onnx', '--calibrate=images'], 2, /^error: --calibrate is for --int8\n$/],
  [['--to=onnx', '--int8', '--f16'], 2, /^error: --f16 and --int8 contradict each other/],
  [['--to=onnx', '--calibration-images=5'], 2, /^error: --calibration-images is for --int8\n$/],
  [['--to=onnx', '--data=images'], 2, /^error: --data is for --int8\n$/],
  [['--to=pth', '--int8'], 2, /^error: --int8 is for --to onnx(?: and web)?, not pth\n$/],
  [['--to=onnx', '--int8', '--opset=9'], 2, /^error: option '--opset <n>' argument '9' is invalid\. .*\n$/],
  [['--to=onnx', '--int8', '--calibration-images=0'], 2, /^error: .*'0' is invalid\. .*\n$/],
  [['--to=onnx', '--int8', '--calibrate=none'], 1, /^error: the folder none cannot be read: ENOENT/],
  [['--to=onnx', '--int8', '--calibrate=empty'], 1, /^error: --calibrate empty has no images\n$/],
];

test('export --int8 prints what test and validate find, and is much smaller; also with bytes as input', () =>
  withFolder(async (cwd) => {
    const run = async (...args: string[]): Promise<Ended> => {
      const ended = await biasloss(args, { cwd });
      assert.equal(ended.code, 0, `${args.join(' ')}: ${ended.stderr}`);
      return ended;
    };
    const resultOf = async (...args: string[]): Promise<Record<string, unknown>> =>
      eventsOf((await run(...args, '--log-format=json')).stdout)[0]!;
    await drawClasses(join(cwd, 'images'), CLASSES, 12);
    await drawClasses(join(cwd, 'more'), CLASSES, 4);
    await run(...TRAIN);
    const { stdout } = await run(...EXPORT);
    assert.match(stdout, /\nrun\/last\.int8\.onnx: 0\.\d\d MB\n$/);
    const [large, small] = rowOf(stdout, 'size');
    assert.ok(small < 0.4 * large, `${small} of ${large}`);
    const held = [
      'test',
      '--checkpoint=run/last.int8.onnx',
      '--data=imagefolder',
      '--data-path=images',
      '--part=val',
    ];
    const tested = await resultOf(...held);
    assert.equal(Number(tested.top1).toFixed(2), rowOf(stdout, 'top-1')[1].toFixed(2));
    assert.equal(Number(tested.cross_entropy).toFixed(4), rowOf(stdout, 'cross-entropy')[1].toFixed(4));
    const mirrored = await resultOf(...held, '--tta=flip');
    assert.notEqual(mirrored.cross_entropy, tested.cross_entropy);
    await checkBytes(cwd, run, resultOf);
    mkdirSync(join(cwd, 'empty'));
    for (const [args, code, message] of WRONG) {
      const wrong = await biasloss(['export', LAST, ...args], { cwd });
      assert.match(wrong.stderr, message);
      assert.equal(wrong.code, code, args.join(' '));
    }
  }));
/** A model that takes bytes, calibrated on a folder and measured on another. */
async function checkBytes(
  cwd: string,
  run: (...args: string[]) => Promise<Ended>,
  resultOf: (...args: string[]) => Promise<Record<string, unknown>>,
): Promise<void> {
  const folders = ['--calibrate=images', '--calibration-images=10', '--data=more'];
  const { stdout } = await run(...EXPORT, ...folders, '--include-preprocessing', '--output=bytes.onnx');
  assert.match(stdout, /\ncalibrated on 10 images, /);
  assert.match(stdout, /\naccuracies on 12 images\n/);
  const validated = await resultOf('validate', '--checkpoint=bytes.onnx', '--data=more');
  assert.equal(Number(validated.top1).toFixed(2), rowOf(stdout, 'top-1')[1].toFixed(2));
  assert.ok(statSync(join(cwd, 'bytes.labels.json')).size > 0);
}
