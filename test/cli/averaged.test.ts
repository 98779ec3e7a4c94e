import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import sharp from 'sharp';
import { createModel } from '../../src/models/registry.js';
import { exportTorch } from '../../src/train/exportWeights.js';
import { floatsOf, type StateDictTensors } from '../../src/train/stateDict.js';
import { dict, tensor, zipFile } from '../formats/support/torchFiles.js';
import { formulaTensors } from '../support/models.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { TRAIN_SMALL } from './fixtures/process.js';
import { SharedProcess } from './fixtures/sharedProcess.js';

const model = createModel({ name: 'shufflenetv2', ratio: 0.5, classes: 10 });
const last = formulaTensors(model);
/** Every value but those of the classifier's bias the same: class 7 is the most probable, whatever the image. */
const averaged: StateDictTensors = new Map(
  [...last].map(([name, value]) =>
    name === model.classifierEntries.at(-1)
      ? [
          name,
          { ...value, dtype: 'f32', data: Float32Array.from({ length: 10 }, (_, i) => (i === 7 ? 90 : 0)) },
        ]
      : [name, value],
  ),
);

function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
}

/** A .pth of a training script: `model` and, averaged, `model_ema`. */
function torchFile(): Uint8Array {
  const values: Float32Array[] = [];
  let total = 0;
  const places = [last, averaged].map((tensors) =>
    [...tensors].flatMap(([name, value]) => {
      if (value.dtype !== 'f32') return [];
      const data = floatsOf(value);
      const place = { name, offset: total, shape: value.shape };
      values.push(data);
      total += data.length;
      return [place];
    }),
  );
  const storage = Buffer.concat(
    values.map((data) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  );
  const [model, model_ema] = places.map((those) =>
    dict(
      Object.fromEntries(
        those.map(({ name, offset, shape }) => [
          name,
          tensor({ total, offset, shape, strides: stridesOf(shape) }),
        ]),
      ),
    ),
  );
  return zipFile(dict({ model: model!, model_ema: model_ema! }), { 0: storage });
}

const shared = new SharedProcess();
after(() => shared.close());

/** Runs a command that succeeds. */
async function run(cwd: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await shared.run(args, cwd);
  assert.equal(code, 0, stderr);
  return { stdout, stderr };
}

describe('averaged weights of a .pth on the command line', () => {
  it('are named, and taken by --ema and --pretrained-ema', () =>
    withFolder(async (cwd) => {
      writeFileSync(join(cwd, 'a.pth'), torchFile());
      const raw = { width: 32, height: 32, channels: 3 } as const;
      await sharp(Buffer.alloc(3072, 99), { raw }).toFile(join(cwd, 'a.png'));
      const predict = ['predict', '--checkpoint=a.pth', '--mean=0.5,0.5,0.5', '--std=0.5,0.5,0.5', '--top=1'];
      const plain = await run(cwd, ...predict, '--resize-size=32', 'a.png');
      assert.match(
        plain.stderr,
        /a\.pth also has averaged weights \(EMA\) under model_ema: --ema takes them/,
      );
      assert.doesNotMatch(plain.stdout, /class 7/);
      const ema = await run(cwd, ...predict, '--resize-size=32', '--ema', 'a.png');
      assert.match(ema.stderr, /a\.pth: using the averaged weights \(EMA\) under model_ema/);
      assert.match(ema.stdout, /class 7/);
      const train = [
        ...TRAIN_SMALL,
        '--epochs=1',
        '--limit-train=16',
        '--pretrained=a.pth',
        '--log-format=json',
      ];
      const tunedLast = await run(cwd, ...train, '--run-dir=last');
      assert.match(
        tunedLast.stdout + tunedLast.stderr,
        /a\.pth also has averaged weights \(EMA\) under model_ema: --pretrained-ema takes them/,
      );
      const tuned = await run(cwd, ...train, '--pretrained-ema', '--run-dir=tuned');
      assert.match(tuned.stdout + tuned.stderr, /using the averaged weights \(EMA\) under model_ema/);
      writeFileSync(join(cwd, 'plain.pth'), Buffer.concat(exportTorch(last)));
      const none = await shared.run(['predict', '--checkpoint=plain.pth', '--ema', 'a.png'], cwd);
      assert.equal(none.code, 1);
      assert.match(none.stderr, /^error: plain\.pth has no averaged weights \(EMA\)[^\n]*\n$/);
    }));

  it('of colours do not fit a model of grey images: one sentence says so', () =>
    withFolder(async (cwd) => {
      writeFileSync(join(cwd, 'a.pth'), Buffer.concat(exportTorch(last)));
      const grey = [
        ...TRAIN_SMALL,
        '--epochs=1',
        '--image-channels=1',
        '--pretrained=a.pth',
        '--run-dir=run',
      ];
      const { code, stderr } = await shared.run(grey, cwd);
      assert.equal(code, 1, stderr);
      assert.match(
        stderr.split('\n').at(-2)!,
        /^error: .*a\.pth: it has the tensors of shufflenetv2 of the ratio 0\.5, for colour images \(3 channels\), not for grey ones: train with images of 3 channels$/,
      );
    }));
});
