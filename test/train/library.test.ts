import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  biasLoss,
  createEngine,
  createModel,
  Learner,
  prepareTraining,
  readCheckpoint,
  readWeights,
  SettingError,
  sgd,
  syntheticDataset,
  TRAIN_DEFAULTS,
  type TrainConfig,
  type TrainerEvent,
} from '../../src/index.js';
import { withFolder } from './fixtures/tiny.js';

const CONFIG: TrainConfig = {
  ...TRAIN_DEFAULTS,
  model: 'shufflenetv2',
  ratio: 0.5,
  epochs: 2,
  batchSize: 16,
  engine: 'onnx',
  threads: 1,
};

describe('the library', () => {
  it('trains from code, stops, goes on from the checkpoint and reads the weights', () =>
    withFolder(async (folder) => {
      const data = syntheticDataset({ train: 48, test: 20 });
      const first = await prepareTraining({ config: CONFIG, data, folder });
      first.trainer.listen(({ event }) => {
        if (event === 'epoch') first.trainer.stop();
      });
      assert.equal(await first.trainer.run(), 'interrupted');
      await first.close();
      const checkpoint = readCheckpoint(join(folder, 'last.safetensors'));
      const second = await prepareTraining({ config: CONFIG, data, folder, checkpoint });
      const events: TrainerEvent[] = [];
      second.trainer.listen((event) => events.push(event));
      assert.equal(await second.trainer.run(), 'complete');
      assert.deepEqual(
        events.flatMap((event) => (event.event === 'epoch' ? [event.epoch] : [])),
        [1],
      );
      const state = await second.learner.stateDict();
      await second.close();
      assert.deepEqual(readWeights(join(folder, 'last.safetensors')).tensors, state);
    }));

  it('says what does not fit before anything runs', async () => {
    const data = syntheticDataset({ train: 10, test: 10 });
    await assert.rejects(
      prepareTraining({ config: CONFIG, data }),
      /a batch of 16 is larger than .* 10 images/,
    );
    const big = { ...CONFIG, batchSize: 4, imageSize: 64 };
    await assert.rejects(
      prepareTraining({ config: big, data }),
      /images of 32 pixels, but the model takes 64/,
    );
    const other = { ...CONFIG, batchSize: 4, pretrained: 'none.pth' };
    await assert.rejects(prepareTraining({ config: other, data }), /none\.pth cannot be read: ENOENT/);
  });
});

describe('settings that are put together in code', () => {
  for (const [what, expected] of [
    [{ baseLr: Number.NaN }, /^baseLr must be a number of at least 0, not NaN$/],
    [{ mixup: -1 }, /^mixup must be .*, not -1$/],
    [{ randomErase: 7 }, /^randomErase must be .*, not 7$/],
    [{ seed: -1 }, /^seed must be .*, not -1$/],
    [{ epochs: 1.5 }, /^epochs must be a whole number of at least 1, not 1.5$/],
    [{ loss: 'bais' }, /^loss must be one of .*, not "bais"$/],
    [{ optimizer: 'adam' }, /^optimizer must be one of .*, not "adam"$/],
    [{ autoAugment: 'foo' }, /^autoAugment must be one of .*, not "foo"$/],
    [{ batchsize: 4 }, /^batchsize is not a training setting$/],
    [{ weightDecay: undefined }, /^weightDecay must be .*, not undefined$/],
    [{ warmupEpochs: 2 }, /^warmupEpochs 2 must be below epochs 2$/],
  ] as const) {
    it(`are refused as on the command line: ${JSON.stringify(what)}`, async () => {
      const data = syntheticDataset({ train: 16, test: 4 });
      const config = Object.assign({ ...CONFIG }, what);
      await assert.rejects(prepareTraining({ config, data }), (error) => {
        assert.ok(error instanceof SettingError);
        assert.match(error.message, expected);
        return true;
      });
    });
  }

  it('are refused where one is missing', async () => {
    const config = { ...CONFIG };
    Reflect.deleteProperty(config, 'alpha');
    const data = syntheticDataset({ train: 16, test: 4 });
    await assert.rejects(prepareTraining({ config, data }), /^SettingError: alpha is missing/);
  });
});

describe('a learner', () => {
  it('says that arrays were handed over, where they are given twice', async () => {
    const engine = await createEngine('onnx', { threads: 1 });
    try {
      const model = createModel({ name: 'shufflenetv2', ratio: 0.5, classes: 10 });
      const learner = await Learner.create({
        engine,
        model,
        loss: biasLoss(),
        optimizer: sgd(),
        batchSize: 2,
      });
      const batch = { images: new Float32Array(2 * 3 * 32 * 32).fill(0.5), labels: Int32Array.of(1, 2) };
      await learner.step(batch, { learningRate: 0.1, step: 0 });
      await assert.rejects(
        learner.step(batch, { learningRate: 0.1, step: 1 }),
        /^Error: the input images is empty: an earlier call transferred its buffer .* pass a copy to that call$/,
      );
      const short = { images: new Float32Array(0), labels: Int32Array.of(1, 2) };
      await assert.rejects(learner.step(short, { learningRate: 0.1, step: 1 }), /but has 0 values of f32/);
    } finally {
      await engine.close();
    }
  });
});
