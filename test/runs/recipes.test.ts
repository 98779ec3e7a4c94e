import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { standardPreprocessing } from '../../src/data/preprocessing.js';
import { launchedRanks } from '../../src/distributed/launcher.js';
import { SettingError } from '../../src/errors.js';
import { createModel } from '../../src/models/registry.js';
import { loadData } from '../../src/runs/loadData.js';
import { openRun } from '../../src/runs/openRun.js';
import { withinMemory } from '../../src/runs/recipeCache.js';
import { Opened, openLoaders } from '../../src/runs/runLoaders.js';
import { besideGiven, RECIPES } from '../../src/runs/settings/recipes.js';
import { TRAIN_DEFAULTS } from '../../src/runs/settings/table.js';
import type { TrainConfig } from '../../src/runs/trainConfig.js';
import { withFolder } from '../train/fixtures/tiny.js';

/** The configuration that a new run of a recipe keeps, and its notices. */
function opened(
  recipe: string,
  settings: Partial<TrainConfig> = {},
): Promise<{ config: TrainConfig; notices: string[] }> {
  return withFolder(async (folder) => {
    const notices: string[] = [];
    const run = await openRun({ settings, recipe, runDir: join(folder, 'run') }, (event) => {
      if (event.event === 'notice') notices.push(event.text);
    });
    const config = run.folder.readConfig() as TrainConfig;
    assert.deepEqual(config, JSON.parse(JSON.stringify(run.config)));
    run.folder.close();
    return { config, notices };
  });
}

test('recipes set defaults, which are kept with the run and said', async () => {
  for (const [name, settings] of Object.entries(RECIPES)) {
    const { config, notices } = await opened(name);
    for (const [key, value] of Object.entries(withinMemory(settings, {})))
      assert.deepEqual(config[key as keyof TrainConfig], value, `${name}: ${key}`);
    assert.ok(notices[0]!.startsWith(`the recipe ${name} sets `), notices[0]);
    assert.equal(/trains from scratch$/.test(notices[0]!), name === 'finetune');
  }
});

test('a recipe’s cache in memory takes no more than half of what is free; a given one what it says', () => {
  const recipe: Partial<TrainConfig> = { cache: 'ram', cacheMb: 1000, epochs: 3 };
  const most = (given: Partial<TrainConfig>, free: number) => withinMemory(recipe, given, free).cacheMb;
  assert.deepEqual([most({}, 3e9), most({}, 6e8), most({}, 100)], [1000, 300, 1]);
  assert.deepEqual([most({ cacheMb: 900 }, 6e8), most({ cacheMb: null }, 6e8)], [1000, 1000]);
  // What is kept on disk takes no memory.
  assert.equal(most({ cache: 'disk' }, 6e8), 1000);
  assert.deepEqual(withinMemory({ epochs: 3 }, { cache: 'ram' }, 6e8), { epochs: 3 });
});

test('recipes give way to what is given, and to nothing else', async () => {
  const { config } = await opened('finetune', { baseLr: 0.01, data: 'synthetic', loss: 'bias' });
  const { epochs, batchSize, optimizer, weightDecay, labelSmoothing } = RECIPES.finetune!;
  assert.deepEqual(
    [config.baseLr, config.data, config.loss, config.epochs, config.batchSize],
    [0.01, 'synthetic', 'bias', epochs, batchSize],
  );
  assert.deepEqual(
    [config.optimizer, config.weightDecay, config.labelSmoothing],
    [optimizer, weightDecay, labelSmoothing],
  );
});

test('recipes for one optimiser leave another its own rate, decay and rule', async () => {
  const { config: sgd } = await opened('finetune', { optimizer: 'sgd' });
  assert.deepEqual([sgd.baseLr, sgd.weightDecay, sgd.decayBiasNorm], [0.1, 1e-4, false]);
  const { config: adamw } = await opened('timm-mobilenetv3', { optimizer: 'adamw' });
  assert.deepEqual([adamw.baseLr, adamw.weightDecay, adamw.eps, adamw.rmspropTf], [0.001, 0.01, null, false]);
});

test('recipes shorten their warm-up with the run', async () => {
  assert.equal((await opened('finetune', { epochs: 10 })).config.warmupEpochs, 1);
  assert.equal((await opened('finetune', { epochs: 300 })).config.warmupEpochs, 3);
  assert.equal((await opened('finetune', { epochs: 10, warmupEpochs: 2 })).config.warmupEpochs, 2);
  assert.equal((await opened('finetune', { schedule: 'onecycle' })).config.warmupEpochs, 0);
});

test('recipes leave the model to pretrained weights', () => {
  const recipe = RECIPES['timm-mobilenetv3']!;
  assert.equal(besideGiven(recipe, {}).model, 'mobilenetv3_large_100');
  assert.equal(besideGiven(recipe, { pretrained: 'weights.pth' }).model, undefined);
});

test('decoded images are kept of files alone', async () => {
  const images = { limitTrain: 16, limitTest: 1 };
  const config: TrainConfig = { ...TRAIN_DEFAULTS, ...RECIPES.finetune, ...images, data: 'synthetic' };
  const { train, test } = await loadData(config);
  const model = createModel({ name: 'shufflenetv2', classes: train.classes.length });
  const preprocessing = standardPreprocessing(train, model.config.imageSize);
  const events: unknown[] = [];
  const opened = new Opened();
  try {
    const onEvent = (event: unknown): unknown => events.push(event);
    const options = { config, ranks: launchedRanks(), model, preprocessing, onEvent };
    const loaders = openLoaders({ train, test }, options, opened);
    for await (const { count } of loaders.train.epoch(0)) assert.equal(count, config.batchSize);
    assert.deepEqual(events, []);
  } finally {
    await opened.close();
  }
});

test('recipes are not for a run that is resumed', () =>
  withFolder(async (folder) => {
    const run = await openRun({ settings: { data: 'synthetic' }, runDir: folder });
    run.folder.close();
    await assert.rejects(openRun({ settings: {}, recipe: 'finetune', resume: folder }), (error) => {
      assert.ok(error instanceof SettingError);
      assert.match(error.message, /^recipe is for a new run: one that is resumed keeps its own settings$/);
      return true;
    });
    await assert.rejects(openRun({ settings: {}, recipe: 'fine' }), /recipe fine does not exist/);
  }));
