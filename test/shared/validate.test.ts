import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { imageFolder } from '../../src/data/folders/imageFolder.js';
import { Loader } from '../../src/data/loader.js';
import { createEngine } from '../../src/engines/createEngine.js';
import { crossEntropyLoss } from '../../src/losses/crossEntropy.js';
import { createModel } from '../../src/models/registry.js';
import { sgd } from '../../src/optim/sgd.js';
import { Learner } from '../../src/train/learner.js';
import type { StateDictTensors } from '../../src/train/stateDict.js';
import { formulaState } from '../support/formula.js';
import { readGolden } from '../support/golden.js';
import { sharedPath, skipWithoutShared } from '../support/shared.js';

interface Expected {
  readonly images: readonly {
    readonly file: string;
    readonly top5: readonly number[];
    readonly top5_logits: readonly number[];
  }[];
}

/** Two logits closer than this share of the highest may change places. */
const CLOSE = 0.01;

/** Logits of every image of the sample by SkipblockNet with the formula's weights, in the folder's order. */
async function sampleLogits(): Promise<Map<string, Float32Array>> {
  const golden = readGolden('skipblocknet');
  const values = formulaState(golden.state_dict, golden.salt);
  const state: StateDictTensors = new Map(
    golden.state_dict
      .filter(({ name }) => !name.endsWith('num_batches_tracked'))
      .map(({ name, shape }) => [name, { dtype: 'f32', shape, data: values.get(name)! }]),
  );
  const dataset = imageFolder(sharedPath('data', 'imagenet-sample', 'val'));
  const engine = await createEngine('auto');
  const model = createModel({ name: 'skipblocknet', classes: golden.classes });
  const parts = { engine, model, loss: crossEntropyLoss(), optimizer: sgd(), batchSize: 20 };
  const learner = await Learner.create(parts);
  await learner.loadStateDict(state);
  const loader = new Loader(dataset, { batchSize: 20, imageSize: 224, workers: 2 });
  const found = new Map<string, Float32Array>();
  await learner.beginEvaluation();
  for await (const { images, count } of loader.epoch(0)) {
    const { logits } = await learner.predict(images);
    for (let n = 0; n < count; n++) {
      const path = dataset.source(found.size).path.split(/[\\/]/).slice(-2).join('/');
      found.set(path, logits.slice(n * golden.classes, (n + 1) * golden.classes));
    }
  }
  await loader.close();
  await learner.close();
  await engine.close();
  return found;
}

describe('validation of the ImageNet sample', { skip: skipWithoutShared('data', 'imagenet-sample') }, () => {
  it('gives the five highest logits of every image, but for swaps of close ones', async () => {
    const path = sharedPath('data', 'imagenet-sample', 'expected.json');
    const expected = JSON.parse(readFileSync(path, 'utf8')) as Expected;
    const logits = await sampleLogits();
    assert.equal(expected.images.length, 100);
    for (const { file, top5, top5_logits: values } of expected.images) {
      const row = logits.get(file);
      assert.ok(row, `${file} was not validated`);
      const order = Array.from(row.keys()).sort((a, b) => row[b]! - row[a]!);
      top5.forEach((label, place) => {
        const gap = Math.abs(row[order[place]!]! - row[label]!);
        assert.ok(
          gap <= CLOSE * Math.abs(values[0]!),
          `${file}: place ${place} is ${order[place]}, not ${label}`,
        );
        assert.ok(
          Math.abs(row[label]! - values[place]!) <= CLOSE * Math.abs(values[0]!),
          `${file}: logit of ${label}`,
        );
      });
    }
  });
});
