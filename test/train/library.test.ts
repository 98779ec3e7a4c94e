import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  prepareTraining,
  readCheckpoint,
  readWeights,
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
      /a batch of 16 is larger than .* 10 pictures/,
    );
    const big = { ...CONFIG, batchSize: 4, imageSize: 64 };
    await assert.rejects(
      prepareTraining({ config: big, data }),
      /pictures of 32 pixels, but the model takes 64/,
    );
    const other = { ...CONFIG, batchSize: 4, pretrained: 'none.pth' };
    await assert.rejects(prepareTraining({ config: other, data }), /none\.pth cannot be read: ENOENT/);
  });
});
