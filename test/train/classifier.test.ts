import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createEngine } from '../../src/engines/createEngine.js';
import type { Engine } from '../../src/engines/engine.js';
import { createModel } from '../../src/models/registry.js';
import { Classifier, mostProbable } from '../../src/train/classifier.js';
import { exportSafetensors } from '../../src/train/exportWeights.js';
import { formulaTensors } from '../support/models.js';

const model = createModel({ name: 'shufflenetv2', ratio: 0.5, classes: 3 });
const tensors = formulaTensors(model);
const IMAGE = 3 * 32 * 32;

const data = {
  classes: ['ant', 'bee', 'cat'],
  mean: [0.4, 0.5, 0.6],
  std: [0.2, 0.25, 0.3],
  resizeSize: 37,
  interpolation: 'bicubic',
  exif: 'apply',
} as const;

let engine: Engine;
before(async () => {
  engine = await createEngine('onnx', { threads: 1 });
});
after(() => engine.close());

describe('a classifier', () => {
  it('names an image that is not finite by its place among all', async () => {
    const classifier = await Classifier.create({ engine, model, tensors, batchSize: 4 });
    const images = new Float32Array(6 * IMAGE);
    images[6 * IMAGE - 1] = Number.NaN;
    const expected = { name: 'UserError', message: 'image 6 of 6 has values that are not finite' };
    await assert.rejects(classifier.predict(images), expected);
    await assert.rejects(classifier.classify(images), expected);
    await assert.rejects(
      classifier.predictBatch(images.slice(2 * IMAGE)),
      /^UserError: image 4 of the batch has/,
    );
    await classifier.close();
  });

  it('gives so many of the most probable classes, at least one', async () => {
    const classifier = await Classifier.create({ engine, model, tensors });
    const [guesses] = await classifier.classify(new Float32Array(IMAGE), { top: 2 });
    assert.equal(guesses!.length, 2);
    for (const top of [-1, 0, 1.5, Number.NaN]) {
      const expected = {
        name: 'UsageError',
        message: `top must be a whole number of at least 1, not ${top}`,
      };
      await assert.rejects(classifier.classify(new Float32Array(0), { top }), expected);
      assert.throws(() => mostProbable(Float32Array.of(1, 2), [], top), expected);
    }
    assert.equal(mostProbable(Float32Array.of(1, 2), [], 3).length, 2);
    await classifier.close();
  });
});

describe('the classifier of a checkpoint', () => {
  it('at another size says how images are prepared for that', async () => {
    const bytes = Buffer.concat(exportSafetensors(tensors, { model: model.config, data }));
    for (const [imageSize, resizeSize] of [
      [undefined, 37],
      [32, 37],
      [64, 74],
    ] as const) {
      const classifier = await Classifier.load(bytes, { engine, imageSize });
      assert.equal(classifier.model.config.imageSize, imageSize ?? 32);
      assert.deepEqual(classifier.describe().data, { ...data, resizeSize });
      await classifier.close();
    }
  });

  it('that does not say how images are prepared says what is assumed', async () => {
    const { classes, mean, std } = data;
    const info = { model: model.config, data: { classes, mean, std } };
    const bytes = Buffer.concat(exportSafetensors(tensors, info));
    const classifier = await Classifier.load(bytes, { engine, imageSize: 64 });
    const assumed = { resizeSize: 73, interpolation: 'bilinear', exif: 'ignore' };
    assert.deepEqual(classifier.describe().data, { ...info.data, ...assumed });
    await classifier.close();
  });
});
