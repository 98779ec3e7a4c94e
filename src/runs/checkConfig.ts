import { checkThreads } from '../engines/createEngine.js';
import { SettingError } from '../errors.js';
import { createModel } from '../models/registry.js';
import { sgd } from '../optim/sgd.js';
import type { TrainConfig } from './trainConfig.js';
import { lossOf, modelOptionsOf } from './trainingRun.js';

/**
 * Refuses settings that contradict one another, before any data is read.
 *
 * @throws UsageError naming what does not go together
 */
export function checkConfig(config: TrainConfig): void {
  const { epochs, warmupEpochs, threads } = config;
  if (threads !== null) checkThreads(threads);
  // Whatever the number of classes will be, and the images' size where the data decides it.
  createModel(modelOptionsOf(config, 2, {}));
  lossOf(config);
  sgd(config);
  if (warmupEpochs >= epochs)
    throw new SettingError(
      (name) => `${name('warmupEpochs')} ${warmupEpochs} must be below ${name('epochs')} ${epochs}`,
    );
}
