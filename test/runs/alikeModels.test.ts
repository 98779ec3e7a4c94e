/** Models that differ in nothing that a tensor shows: which one weights are of is known, assumed with a notice, or given. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createEngine } from '../../src/engines/createEngine.js';
import { serializeSafetensors } from '../../src/formats/safetensors/serialize.js';
import type { StoredTensors } from '../../src/formats/tensor.js';
import { writeTorchCheckpoint } from '../../src/formats/torch/writeTorch.js';
import { biasLoss } from '../../src/losses/biasLoss.js';
import { recogniseModel } from '../../src/models/recognise.js';
import { createModel, families, type ModelName } from '../../src/models/registry.js';
import { sgd } from '../../src/optim/sgd.js';
import { loadPretrained } from '../../src/runs/pretrained.js';
import { fetchPretrained } from '../../src/runs/pretrainedModel.js';
import type { RunEvent } from '../../src/runs/runEvents.js';
import { readWeights } from '../../src/runs/weights.js';
import { describeWeights } from '../../src/runs/weightsDescription.js';
import { Learner } from '../../src/train/learner.js';
import { toStored } from '../../src/train/stateDict.js';
import { temporaryFolder } from '../data/support/folder.js';
import { formulaTensors } from '../support/models.js';
import { CONFIG, refused } from './fixtures/published.js';

const CLASSES = 2;
const SIZE = 32;

/** A model's tensors under timm's names. */
function timmTensors(name: ModelName): StoredTensors {
  const tensors = toStored(formulaTensors(createModel({ name, classes: CLASSES, imageSize: SIZE })));
  const own = name.startsWith('tf_')
    ? undefined
    : families.declarationOf(name)?.otherNames?.([...tensors.keys()]);
  return own ? new Map([...own].map(([other, name]) => [other, tensors.get(name)!])) : tensors;
}

/** A file as timm publishes it; `architecture` is in its `config.json`, which there is only with it. */
function published(t: TestContext, model: ModelName, architecture?: string): string {
  const folder = temporaryFolder(t);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'model.safetensors');
  writeFileSync(path, Buffer.concat(serializeSafetensors(timmTensors(model))));
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

/** A model and the notices of its description, as a file of weights is read. */
function described(path: string): { model: string | undefined; notices: string[] } {
  const weights = { ...readWeights(path), path };
  const name = recogniseModel(weights.tensors, families, weights.architecture)?.name;
  const model = createModel({ name: name ?? '', classes: CLASSES, imageSize: SIZE });
  return { model: name, notices: describeWeights(weights, model).notices.map((notice) => notice(String)) };
}

for (const [architecture, model] of [
  ['tf_efficientnet_b0', 'efficientnet_b0'],
  ['tf_efficientnet_b0_ns', 'efficientnet_b0'],
  ['efficientnet_blur_b0', 'efficientnet_b0'],
  ['tf_mobilenetv3_small_100', 'mobilenetv3_small_100'],
  ['tf_mobilenetv3_large_100', 'mobilenetv3_large_100'],
  ['resnetblur18', 'resnet18_224'],
  ['resnetblur50', 'resnet50_224'],
  ['resnetaa50', 'resnet50_224'],
] as const)
  test(`weights of ${architecture}, which computes otherwise than ${model}, are refused`, async (t) => {
    const sentence = new RegExp(`has weights of ${architecture}, .* has the tensors of ${model}, but `);
    const path = published(t, model, architecture);
    assert.throws(() => readWeights(path), sentence);
    await refused(fetchPretrained({ pretrained: path }, undefined), sentence);
    // timm's own training script says it, too.
    const extras = new Map([['arch', architecture]]);
    writeFileSync(path, Buffer.concat(writeTorchCheckpoint(timmTensors(model), { wrapper: 'net', extras })));
    rmSync(join(path, '..', 'config.json'));
    assert.throws(() => readWeights(path), sentence);
  });

for (const [architecture, model] of [
  ['resnet18', 'resnet18_224'],
  ['tv_resnet34', 'resnet34_224'],
  ['gluon_resnet50_v1b', 'resnet50_224'],
  ['densenet121', 'densenet121_224'],
  ['mobilenetv2_100', 'mobilenet_v2'],
  ['mnasnet_100', 'mnasnet_100'],
  ['mnasnet_b1', 'mnasnet_100'],
  ['efficientnet_b0', 'efficientnet_b0'],
  ['mobilenetv3_small_100', 'mobilenetv3_small_100'],
] as const)
  test(`${architecture} is known to be ${model}`, async (t) => {
    const path = published(t, model, architecture);
    assert.deepEqual(described(path), { model, notices: [] });
    assert.deepEqual(await chosen(path), { model, notices: [`the model is that of ${path}: ${model}`] });
  });

test('an architecture that is not known here is taken for the model whose tensors it has, with a notice', async (t) => {
  const path = published(t, 'mobilenetv3_small_100', 'mobilenetv3_odd');
  const { model, notices } = described(path);
  assert.equal(model, 'mobilenetv3_small_100');
  assert.match(
    notices[0]!,
    /has weights of mobilenetv3_odd by its description, .* for mobilenetv3_small_100,/,
  );
  const engine = await createEngine('reference');
  t.after(() => engine.close());
  const own = createModel({ name: 'mobilenetv3_small_100', classes: CLASSES, imageSize: SIZE });
  const options = { engine, model: own, loss: biasLoss(), optimizer: sgd({}), batchSize: 2 };
  const learner = await Learner.create(options);
  const texts: string[] = [];
  await loadPretrained(learner, path, { onNotice: (text) => texts.push(text) });
  await learner.close();
  assert.equal(texts[0], notices[0]);
});

test('a file that nothing identifies may be of another architecture of timm, unless its names are torchvision’s', async (t) => {
  const path = published(t, 'efficientnet_b0');
  const alike = /efficientnet_b0, and of tf_efficientnet_b0, efficientnet_blur_b0, which compute otherwise/;
  assert.match(described(path).notices.at(-1)!, alike);
  assert.match((await chosen(path)).notices[0]!, /; tf_efficientnet_b0 has the same tensors/);
  const own = toStored(formulaTensors(createModel({ name: 'efficientnet_b0', classes: CLASSES })));
  writeFileSync(path, Buffer.concat(serializeSafetensors(own)));
  const { notices } = described(path);
  assert.ok(!notices.some((notice) => notice.includes('tf_')), notices.join());
  const mobile = published(t, 'mobilenetv3_large_100');
  assert.match(
    described(mobile).notices.at(-1)!,
    /and of tf_mobilenetv3_large_100, which computes otherwise/,
  );
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
