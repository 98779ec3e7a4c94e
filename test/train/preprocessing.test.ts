import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, test } from 'node:test';
import sharp from 'sharp';
import {
  CIFAR_NORMALISATION,
  type ImageDataset,
  type PixelDataset,
  sharedBytes,
} from '../../src/data/dataset.js';
import { decodeRgb } from '../../src/data/images/decode.js';
import { readImages } from '../../src/data/images/readImages.js';
import { Loader } from '../../src/data/loader.js';
import {
  imagenetResizeSize,
  type Preprocessing,
  standardPreprocessing,
} from '../../src/data/preprocessing.js';
import { type SettingText, withKeys } from '../../src/errors.js';
import { readOnnxClassifier } from '../../src/formats/onnx/readClassifier.js';
import type { TorchExtra } from '../../src/formats/torch/extras.js';
import { createModel } from '../../src/models/registry.js';
import { readWeights } from '../../src/runs/weights.js';
import { describeWeights } from '../../src/runs/weightsDescription.js';
import type { CheckpointInfo } from '../../src/train/checkpointInfo.js';
import { exportModelOnnx, exportSafetensors, exportTorch } from '../../src/train/exportWeights.js';
import { describeData, preprocessingOf } from '../../src/train/preprocessing.js';
import { parseWeights } from '../../src/train/weights.js';
import { formulaTensors } from '../support/models.js';
import { withFolder } from './fixtures/tiny.js';

const model = createModel({ name: 'shufflenetv2', ratio: 0.5, classes: 3 });
const CLASSES = ['ant', 'bee', 'cat'];

/** An image's bytes [height, width, 3]. */
function pixelsOf(width: number, height: number): Buffer {
  return Buffer.from(Array.from({ length: 3 * width * height }, (_, i) => (i * 31 + ((i * i) % 97)) % 256));
}

async function writeImage(path: string, width: number, height: number): Promise<void> {
  const raw = { width, height, channels: 3 } as const;
  writeFileSync(path, await sharp(pixelsOf(width, height), { raw }).png().toBuffer());
}

/** The first batch of a set, as evaluation sees it. */
async function firstOf(
  dataset: PixelDataset | ImageDataset,
  preprocessing: Preprocessing,
): Promise<number[]> {
  const loader = new Loader(dataset, { batchSize: 1, imageSize: preprocessing.imageSize, preprocessing });
  try {
    for await (const { images } of loader.epoch(0)) return [...images];
  } finally {
    await loader.close();
  }
  return [];
}

function fileSet(path: string): ImageDataset {
  const labels = Int32Array.of(0);
  return {
    kind: 'images',
    name: 'files',
    classes: CLASSES,
    count: 1,
    labels,
    normalisation: { mean: [0, 0, 0], std: [1, 1, 1] },
    source: () => ({ path }),
  };
}

/** The preprocessing that each of our formats keeps of a model. */
function keptBy(folder: string, info: CheckpointInfo): Record<string, Preprocessing> {
  const tensors = formulaTensors(model);
  const kept: Record<string, Preprocessing> = { info: preprocessingOf(info) };
  for (const [name, chunks] of [
    ['a.safetensors', exportSafetensors(tensors, info)],
    ['a.pth', exportTorch(tensors, { info })],
  ] as const) {
    const path = join(folder, name);
    writeFileSync(path, Buffer.concat(chunks));
    const { preprocessing, classes, notices } = describeWeights({ ...readWeights(path), path }, model);
    assert.deepEqual([classes, notices], [CLASSES, []], name);
    kept[name] = preprocessing;
  }
  const onnx = readOnnxClassifier(exportModelOnnx(model, tensors, info.data), 'a.onnx');
  const { mean, std, imageSize, resizeSize, exif } = onnx;
  kept['a.onnx'] = { mean, std, imageSize, resizeSize, exif, interpolation: 'bilinear' };
  return kept;
}

function infoWith(preprocessing: Preprocessing): CheckpointInfo {
  return { model: model.config, data: describeData(CLASSES, preprocessing) };
}

describe('one image is the same to a model', () => {
  it('of CIFAR, in memory and as a file, by every command and format: whole, not cut', () =>
    withFolder(async (folder) => {
      const pixels = sharedBytes(3 * 32 * 32);
      const bytes = pixelsOf(32, 32);
      bytes.forEach((value, i) => {
        pixels[(i % 3) * 1024 + Math.floor(i / 3)] = value;
      });
      const memory: PixelDataset = {
        ...fileSet(''),
        kind: 'pixels',
        imageSize: 32,
        pixels,
        normalisation: CIFAR_NORMALISATION,
      };
      const path = join(folder, 'a.png');
      await writeImage(path, 32, 32);
      const preprocessing = standardPreprocessing(memory, 32);
      const { mean, std } = CIFAR_NORMALISATION;
      const expected = [...new Float32Array(3072)].map((_, i) => {
        const channel = Math.floor(i / 1024);
        return Math.fround((pixels[i]! / 255 - mean[channel]!) / std[channel]!);
      });
      assert.deepEqual(await firstOf(memory, preprocessing), expected);
      for (const [name, kept] of Object.entries(keptBy(folder, infoWith(preprocessing)))) {
        assert.deepEqual(kept, preprocessing, name);
        assert.deepEqual(await firstOf(fileSet(path), kept), expected, name);
        assert.deepEqual([...(await readImages([path], { ...kept, normalisation: kept }))], expected, name);
      }
    }));

  it('of any size, by every command and format', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'a.png');
      await writeImage(path, 70, 50);
      const preprocessing = standardPreprocessing(fileSet(path), 32, 'apply');
      assert.deepEqual([preprocessing.resizeSize, preprocessing.exif], [37, 'apply']);
      const expected = await firstOf(fileSet(path), preprocessing);
      for (const [name, kept] of Object.entries(keptBy(folder, infoWith(preprocessing)))) {
        assert.deepEqual(kept, preprocessing, name);
        assert.deepEqual([...(await readImages([path], { ...kept, normalisation: kept }))], expected, name);
      }
    }));
});

test('an exported .pth keeps what another program wrote beside the weights, but not in the places of weights and description', () => {
  const tensors = formulaTensors(model);
  const data = { classes: CLASSES, mean: [0.5, 0.4, 0.3], std: [0.2, 0.2, 0.3] };
  const extras = new Map<string, TorchExtra>([
    ...([
      ['net', 'resnet18'],
      ['resize_size', 7],
      ['width', 3],
      ['dropout', 0.9],
      ['exif', 'apply'],
    ] as const),
    ...([
      ['note', 'mine'],
      ['acc', 12.5],
      ['mean', [1, 2, 3]],
    ] as const),
  ]);
  const info = { model: model.config, data };
  const read = parseWeights(new Uint8Array(Buffer.concat(exportTorch(tensors, { info, extras }))), 'a.pth');
  assert.deepEqual([...read.tensors], [...tensors]);
  assert.deepEqual(read.info, info);
  assert.deepEqual([read.extras?.get('note'), read.extras?.get('acc')], ['mine', 12.5]);
  const plain = new Uint8Array(Buffer.concat(exportTorch(tensors, { extras })));
  assert.deepEqual([...parseWeights(plain, 'b.pth').tensors], [...tensors]);
});

test('another size than the checkpoint’s keeps the share that is cropped', () => {
  const data = { classes: CLASSES, mean: [0.5, 0.4, 0.3], std: [0.2, 0.2, 0.3] };
  const resized = (own: number, to: number): number =>
    preprocessingOf({ model: { ...model.config, imageSize: 224 }, data: { ...data, resizeSize: own } }, to)
      .resizeSize;
  assert.equal(resized(235, 224), 235);
  assert.equal(resized(235, 288), 302);
  assert.equal(resized(224, 160), 160);
  // ImageNet's usual share is that of a new run at the size.
  for (const size of [32, 64, 96, 100, 160, 288, 300])
    assert.equal(resized(256, size), imagenetResizeSize(size), `${size}`);
});

describe('what a file does not say', () => {
  const weights = { tensors: formulaTensors(model), path: 'a.pth' };

  it('is assumed and said', () => {
    const { preprocessing, classes, notices } = describeWeights(weights, model);
    const texts = [withKeys, (text: SettingText) => text((key) => `<${key}>`)].map((named) =>
      notices.map(named),
    );
    assert.deepEqual(preprocessing.mean, [0.485, 0.456, 0.406]);
    assert.equal(preprocessing.resizeSize, 32);
    assert.deepEqual(classes, ['class 0', 'class 1', 'class 2']);
    const assumed = 'a.pth does not say how images are prepared: assumed the mean and deviation of ImageNet';
    assert.deepEqual(texts, [
      [`${assumed} (mean, std) and the shorter side resized to 32 (resizeSize)`],
      [`${assumed} (<mean>, <std>) and the shorter side resized to 32 (<resizeSize>)`],
    ]);
  });

  it('is taken as given, or from entries of training scripts, without a word', () => {
    const given = { mean: [0.1, 0.2, 0.3], std: [1, 2, 3], resizeSize: 40, classes: CLASSES };
    const { preprocessing, classes, notices } = describeWeights(weights, model, given);
    assert.deepEqual(
      [preprocessing.mean, preprocessing.std, preprocessing.resizeSize],
      [given.mean, given.std, 40],
    );
    assert.deepEqual([classes, notices], [CLASSES, []]);
    const extras = new Map([['class_to_idx', CLASSES]]);
    assert.deepEqual(describeWeights({ ...weights, extras }, model).classes, CLASSES);
  });

  it('is refused where the file says it, or does not fit', () => {
    const info = infoWith(standardPreprocessing(fileSet(''), 32));
    assert.throws(
      () => describeWeights({ ...weights, info }, model, { mean: [0, 0, 0] }),
      /^SettingError: mean is for weights/,
    );
    assert.throws(
      () => describeWeights(weights, model, { std: [0.5] }),
      /std must have a number for each channel of images: a\.pth is a model of 3 channels, but 1 was given/,
    );
    const grey = createModel({ name: 'shufflenetv2', classes: 3, channels: 1 });
    assert.deepEqual(describeWeights(weights, grey, { mean: [0.5], std: [0.25] }).preprocessing.mean, [0.5]);
    assert.throws(
      () => describeWeights(weights, grey, { mean: [0.1, 0.2, 0.3] }),
      /a\.pth is a model of grey images, with 1, but 3 were given/,
    );
    assert.throws(
      () => describeWeights(weights, model, { classes: ['a'] }),
      /1 names, but a\.pth has 3 classes/,
    );
  });
});

describe('files of older versions', () => {
  it('are read as they were evaluated: CIFAR’s whole, others cut, EXIF ignored', () => {
    const data = { classes: CLASSES, mean: [0.5, 0.5, 0.5], std: [1, 1, 1] };
    const progress = {
      epoch: 0,
      step: 0,
      globalStep: 0,
      bestTop1: -1,
      seconds: 0,
      sums: { images: 0, top1: 0, top5: 0, loss: 0, crossEntropy: 0 },
    };
    const of = (name: string): Preprocessing =>
      preprocessingOf({ model: model.config, data, training: { progress, config: { data: name } } });
    assert.deepEqual([of('cifar10').resizeSize, of('imagefolder').resizeSize], [32, 37]);
    assert.equal(of('imagefolder').exif, 'ignore');
    const exported = { model: model.config, data: { ...data, mean: [...CIFAR_NORMALISATION.mean] } };
    assert.equal(preprocessingOf(exported).resizeSize, 32);
    assert.equal(preprocessingOf(exported, 64).resizeSize, 64);
  });
});

describe('EXIF orientation', () => {
  it('is applied or ignored', async () => {
    const raw = { width: 6, height: 4, channels: 3 } as const;
    const file = await sharp(pixelsOf(6, 4), { raw }).withMetadata({ orientation: 6 }).png().toBuffer();
    const stored = await decodeRgb(file, 'a.png');
    assert.deepEqual([stored.width, stored.height], [6, 4]);
    const turned = await decodeRgb(file, 'a.png', 'apply');
    assert.deepEqual([turned.width, turned.height], [4, 6]);
    // A quarter turn to the right.
    const expected = Array.from({ length: 72 }, (_, i) => {
      const [pixel, channel] = [Math.floor(i / 3), i % 3];
      const [x, y] = [pixel % 4, Math.floor(pixel / 4)];
      return stored.data[3 * ((3 - x) * 6 + y) + channel];
    });
    assert.deepEqual([...turned.data], expected);
  });
});
