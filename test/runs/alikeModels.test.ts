/** Models that differ in nothing that a tensor shows: which one weights are of is known, assumed with a notice, or given. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createEngine } from '../../src/engines/createEngine.js';
import { serializeSafetensors } from '../../src/formats/safetensors/serialize.js';
import { biasLoss } from '../../src/losses/biasLoss.js';
import { createModel, type ModelName } from '../../src/models/registry.js';
import { sgd } from '../../src/optim/sgd.js';
import { loadPretrained } from '../../src/runs/pretrained.js';
import { fetchPretrained } from '../../src/runs/pretrainedModel.js';
import type { RunEvent } from '../../src/runs/runEvents.js';
import { readWeights } from '../../src/runs/weights.js';
import { describeWeights } from '../../src/runs/weightsDescription.js';
import { Learner } from '../../src/train/learner.js';
import { temporaryFolder } from '../data/support/folder.js';
import { formulaTensors } from '../support/models.js';
import { CONFIG, refused } from './fixtures/published.js';

const CLASSES = 2;
const SIZE = 32;

/** A file as timm publishes it; `architecture` is in its `config.json`, which there is only with it. */
function published(t: TestContext, model: ModelName, architecture?: string): string {
  const folder = temporaryFolder(t);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'model.safetensors');
  const tensors = [...formulaTensors(createModel({ name: model, classes: CLASSES, imageSize: SIZE }))];
  const stored = tensors.flatMap(([name, { shape, data }]) =>
    data instanceof Float32Array
      ? [[name, { dtype: 'f32' as const, shape, data: new Uint8Array(data.buffer) }] as const]
      : [],
  );
  writeFileSync(path, Buffer.concat(serializeSafetensors(new Map(stored))));
  if (architecture !== undefined)
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...CONFIG, architecture }));
  return path;
}

async function chosen(path: string): Promise<{ model: string | undefined; notices: string[] }> {
  const notices: string[] = [];
  const listen = (event: RunEvent): void => {
    if (event.event === 'notice') notices.push(event.text);
  };
  const { model } = await fetchPretrained({ pretrained: path }, listen);
  return { model, notices };
}

test('timm’s config.json says which model weights are of', async (t) => {
  const path = published(t, 'tf_efficientnet_lite0', 'tf_efficientnet_lite0');
  assert.deepEqual(await chosen(path), {
    model: 'tf_efficientnet_lite0',
    notices: [`the model is that of ${path}: tf_efficientnet_lite0`],
  });
  const model = createModel({ name: 'tf_efficientnet_lite0', classes: CLASSES });
  assert.deepEqual(describeWeights({ ...readWeights(path), path }, model).notices, []);
});

test('timm’s MobileNetV3 is told from torchvision’s by its tensors, and its config.json says how it sees images', async (t) => {
  const path = published(t, 'mobilenetv3_large_100', 'mobilenetv3_large_100');
  const { model } = await chosen(path);
  assert.equal(model, 'mobilenetv3_large_100');
  const created = createModel({ name: 'mobilenetv3_large_100', classes: CLASSES, imageSize: SIZE });
  const { preprocessing, classes } = describeWeights({ ...readWeights(path), path }, created);
  assert.deepEqual(preprocessing.mean, CONFIG.pretrained_cfg.mean);
  assert.equal(preprocessing.interpolation, 'bicubic');
  assert.deepEqual(classes, CONFIG.label_names);
});

test('where nothing says it, one is taken, with a notice', async (t) => {
  const path = published(t, 'tf_efficientnet_lite0');
  const { model, notices } = await chosen(path);
  assert.equal(model, 'efficientnet_lite0');
  assert.match(notices[0]!, /: efficientnet_lite0; tf_efficientnet_lite0 has the same tensors/);
  const described = describeWeights(
    { ...readWeights(path), path },
    createModel({ name: 'efficientnet_lite0', classes: CLASSES }),
  );
  const texts = described.notices.map((notice) => notice((key) => key));
  assert.match(
    texts.at(-1)!,
    /of efficientnet_lite0, and of tf_efficientnet_lite0, which computes otherwise/,
  );
});

test('weights that are known to be of another model with the same tensors are refused', async (t) => {
  const path = published(t, 'tf_efficientnet_lite0', 'tf_efficientnet_lite0');
  const engine = await createEngine('reference');
  t.after(() => engine.close());
  const model = createModel({ name: 'efficientnet_lite0', classes: CLASSES, imageSize: SIZE });
  const options = { engine, model, loss: biasLoss(), optimizer: sgd({}), batchSize: 2 };
  const learner = await Learner.create(options);
  await refused(
    loadPretrained(learner, path),
    /model\.safetensors: it has the weights of tf_efficientnet_lite0, not of efficientnet_lite0$/,
  );
  await learner.close();
});
