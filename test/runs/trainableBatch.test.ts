import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ModelName, prepareTraining, syntheticDataset, TRAIN_DEFAULTS } from '../../src/index.js';
import { createModel } from '../../src/models/registry.js';
import { checkConfig } from '../../src/runs/checkConfig.js';
import { expectTrainableBatch } from '../../src/runs/trainableBatch.js';
import type { TrainConfig } from '../../src/runs/trainConfig.js';

/** Checks a model's batches on so many ranks. */
function check(name: ModelName, imageSize: number, settings: Partial<TrainConfig>, size = 1): () => void {
  const model = createModel({ name, classes: 5, imageSize });
  return () => expectTrainableBatch(model, { ...TRAIN_DEFAULTS, ...settings }, { size });
}

describe('a batch of one image, of which batch normalisation would see one value per channel', () => {
  const refused =
    /^SettingError: the batch normalisation norm_head cannot be trained on one value per channel: .* larger batchSize, or, .*, a larger imageSize$/;

  it('is refused, as by PyTorch', () => {
    assert.throws(check('mobilenetv4_conv_small', 224, { batchSize: 1 }), refused);
    assert.throws(
      check('mobilenet_v3_small', 32, { batchSize: 1 }),
      /^SettingError: the batch normalisation features\.9\.block\.1\.1 cannot be trained/,
    );
  });

  it('is refused as a rank’s part, unless statistics are those of all ranks', () => {
    const two = { batchSize: 2 };
    assert.throws(check('mobilenetv4_conv_small', 96, two, 2), refused);
    check('mobilenetv4_conv_small', 96, { ...two, syncBatchNorm: true }, 2)();
    check('mobilenetv4_conv_small', 96, two)();
  });

  it('is refused while that layer is frozen only if it thaws', () => {
    const frozen = { batchSize: 1, freeze: 'backbone', epochs: 3 };
    check('mobilenetv4_conv_small', 96, frozen)();
    check('mobilenetv4_conv_small', 96, { ...frozen, unfreezeAfter: 3 })();
    assert.throws(check('mobilenetv4_conv_small', 96, { ...frozen, unfreezeAfter: 2 }), refused);
  });

  it('is trained where maps are larger', () => {
    check('mobilenet_v3_small', 64, { batchSize: 1 })();
  });

  it('is refused before data is read where the settings say the image size, and else before anything is computed', async () => {
    const config: TrainConfig = { ...TRAIN_DEFAULTS, model: 'mobilenetv4_conv_small', batchSize: 1 };
    assert.throws(() => checkConfig({ ...config, imageSize: 96 }), refused);
    await assert.rejects(
      prepareTraining({ config, data: syntheticDataset({ train: 4, test: 2 }) }),
      /^SettingError: the batch normalisation blocks\.3\.0\.dw_mid\.bn cannot be trained/,
    );
  });
});
