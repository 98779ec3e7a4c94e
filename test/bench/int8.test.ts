import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { timeInt8 } from '../../bench/int8/run.js';
import { type Int8Row, int8Table } from '../../bench/int8/table.js';
import { parseModel } from '../../bench/models.js';
import { biasLoss, createEngine, createModel, exportSafetensors, Learner, sgd } from '../../src/index.js';
import { plainImage } from '../data/support/images.js';
import { withFolder } from '../train/fixtures/tiny.js';

const row: Int8Row = {
  model: 'm',
  bytes: { float: 4e6, int8: 1.1e6 },
  latencies: [
    { threads: 1, float: 20, int8: 10, ratio: { median: 2, min: 2, max: 2 } },
    { threads: 2, float: 9, int8: 6, ratio: { median: 1.5, min: 1, max: 2 } },
  ],
  layers: { inFloat: 1, all: 50 },
};

describe('the table of 8-bit integers', () => {
  test('has sizes, latencies by threads, and classes where they are known', () => {
    const accuracies = { images: 100, same: 98, float: 89, int8: 88 };
    const [header, rule, first, second] = int8Table([{ ...row, accuracies }, row]).split('\n');
    assert.match(header!, /\| ms, 1 thread: float \| int8 \| ratio \| ms, 2 threads: float \|/);
    assert.equal(rule!.split('|').length, header!.split('|').length);
    assert.equal(
      first,
      '| m | 4.00 | 1.10 | 1 of 50 | 20.0 | 10.0 | 2.00 | 9.00 | 6.00 | 1.50 | 98 of 100 | 89 of 100 | 88 of 100 |',
    );
    assert.match(second!, /\| 1\.50 \| – \| – \| – \|$/);
  });

  test('is of models with new weights, and of real weights with classes of images', () =>
    withFolder(async (folder) => {
      const weights = join(folder, 'always-b.safetensors');
      writeFileSync(weights, Buffer.concat(await alwaysClass(1)));
      const data = join(folder, 'images');
      for (const [i, name] of ['a', 'b', 'b', 'c', 'c'].entries()) {
        mkdirSync(join(data, name), { recursive: true });
        writeFileSync(join(data, name, `${i}.png`), await plainImage('png', [50 * i, 9, 200 - 40 * i]));
      }
      const models = [parseModel('shufflenetv2-0.5')];
      const rows = await timeInt8({ models, weights, data, threads: [1], rounds: 1 }, () => undefined);
      assert.deepEqual(
        rows.map(({ model, accuracies }) => [model, accuracies]),
        [
          ['shufflenetv2, real weights', { images: 5, same: 5, float: 2, int8: 2 }],
          ['shufflenetv2-0.5', undefined],
        ],
      );
      for (const { bytes, latencies, layers } of rows) {
        assert.ok(bytes.int8 < 0.5 * bytes.float, `${bytes.int8} of ${bytes.float} bytes`);
        assert.deepEqual(
          latencies.map(({ threads }) => threads),
          [1],
        );
        assert.ok(latencies[0]!.float > 0 && latencies[0]!.int8 > 0 && layers.all > 50);
      }
    }));
});

/** A checkpoint of a small model of three classes that always gives the same one. */
async function alwaysClass(place: number): Promise<Uint8Array[]> {
  const engine = await createEngine('onnx', { threads: 1 });
  const model = createModel({ name: 'shufflenetv2', ratio: 0.5, classes: 3, imageSize: 32 });
  const learner = await Learner.create({ engine, model, loss: biasLoss(), optimizer: sgd(), batchSize: 2 });
  try {
    const tensors = await learner.stateDict();
    const [, bias = ''] = model.classifierEntries;
    tensors.set(bias, {
      dtype: 'f32',
      shape: [3],
      data: Float32Array.from([0, 1, 2], (i) => (i === place ? 100 : 0)),
    });
    const normalisation = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
    const preprocessing = { resizeSize: 32, interpolation: 'bilinear', exif: 'ignore' } as const;
    const data = { classes: ['a', 'b', 'c'], ...normalisation, ...preprocessing };
    return exportSafetensors(tensors, { model: model.config, data });
  } finally {
    await learner.close();
    await engine.close();
  }
}
