import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { createEngine } from '../../src/engines/createEngine.js';
import type { Engine } from '../../src/engines/engine.js';
import { createModel } from '../../src/models/registry.js';
import { loadClassifier } from '../../src/runs/loadClassifier.js';
import { exportSafetensors, exportTorch } from '../../src/train/exportWeights.js';
import { formulaTensors, logitsOf } from '../support/models.js';
import { withFolder } from '../train/fixtures/tiny.js';

const model = createModel({ name: 'shufflenetv2', ratio: 0.5, classes: 3 });
const tensors = formulaTensors(model);
const data = {
  classes: ['ant', 'bee', 'cat'],
  mean: [0.4, 0.5, 0.6],
  std: [0.2, 0.25, 0.3],
  resizeSize: 36,
  interpolation: 'bilinear',
  exif: 'apply',
} as const;

function withEngine(body: (engine: Engine, folder: string) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const engine = await createEngine('onnx', { threads: 1 });
    try {
      await body(engine, folder);
    } finally {
      await engine.close();
    }
  });
}

test('a checkpoint is a classifier with its names and its preprocessing', () =>
  withEngine(async (engine, folder) => {
    const path = join(folder, 'mine.safetensors');
    writeFileSync(path, Buffer.concat(exportSafetensors(tensors, { model: model.config, data })));
    const image = join(folder, 'a.png');
    const raw = { width: 50, height: 40, channels: 3 } as const;
    const pixels = Buffer.from(Array.from({ length: 6000 }, (_, i) => (i * 7 + (i >> 5)) % 256));
    writeFileSync(image, await sharp(pixels, { raw }).png().toBuffer());
    const notices: string[] = [];
    const onNotice = (text: string): number => notices.push(text);
    const { classifier, preprocessing, readImages } = await loadClassifier(path, { engine, onNotice });
    assert.deepEqual(notices, []);
    assert.deepEqual(classifier.describe().data, data);
    assert.deepEqual(
      [preprocessing.resizeSize, preprocessing.exif, preprocessing.mean],
      [36, 'apply', data.mean],
    );
    const images = await readImages([image]);
    assert.equal(images.length, 3 * 32 * 32);
    const { logits } = await classifier.predict(images);
    const expected = await logitsOf(model, tensors, Float32Array.from(images));
    const error = logits.reduce((most, logit, i) => Math.max(most, Math.abs(logit - expected[i]!)), 0);
    assert.ok(logits.some((logit) => Math.abs(logit) > 0.01) && error < 1e-4, `${logits} and ${expected}`);
    const best = (await classifier.classify(images))[0]![0]!;
    assert.equal(best.name, data.classes[logits.indexOf(Math.max(...logits))]);
    await classifier.close();
    await assert.rejects(
      loadClassifier(path, { engine, mean: [0, 0, 0] }),
      /mean is for weights that do not say it/,
    );
    assert.deepEqual(await engine.statistics(), { variables: 0, executables: 0 });
  }));

test('a .pth is recognised; what it does not say is given or assumed and told', () =>
  withEngine(async (engine, folder) => {
    const path = join(folder, 'mine.pth');
    writeFileSync(path, Buffer.concat(exportTorch(tensors)));
    const notices: string[] = [];
    const onNotice = (text: string): number => notices.push(text);
    const assumed = await loadClassifier(path, { engine, onNotice });
    assert.match(
      notices.join(),
      /does not say how images are prepared: assumed the mean and deviation of ImageNet/,
    );
    assert.deepEqual(assumed.classifier.describe().data?.classes, ['class 0', 'class 1', 'class 2']);
    await assumed.classifier.close();
    notices.length = 0;
    const { interpolation: _, ...given } = data;
    const told = await loadClassifier(path, { engine, ...given, onNotice });
    assert.deepEqual(told.classifier.describe().data, data);
    assert.deepEqual(notices, []);
    await told.classifier.close();
    const odd = new Map([['odd.weight', [...tensors.values()][0]!]]);
    writeFileSync(path, Buffer.concat(exportTorch(odd)));
    await assert.rejects(loadClassifier(path, { engine }), /mine\.pth: /);
    await assert.rejects(loadClassifier(join(folder, 'none.pth'), { engine }), /none\.pth/);
  }));
