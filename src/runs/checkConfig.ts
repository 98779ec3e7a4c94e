import { launchedRanks } from '../distributed/launcher.js';
import { checkThreads } from '../engines/createEngine.js';
import { SettingError } from '../errors.js';
import { createModel } from '../models/registry.js';
import { modelOptionsOf } from './modelOptions.js';
import type { PartsOptions } from './openParts.js';
import { checkTrainSettings } from './settings/checkSettings.js';
import { SETTING_KEYS, TRAIN_DEFAULTS } from './settings/table.js';
import { configuredThreads } from './threads/configuredThreads.js';
import { expectTrainableBatch } from './trainableBatch.js';
import type { TrainConfig } from './trainConfig.js';
import { lossOf, optimizerOf } from './trainingParts.js';

/** Parts of a run that its configuration does not make. */
type OwnParts = Pick<PartsOptions, 'model' | 'loss' | 'optimizer'>;

/**
 * Rejects a configuration that was put together in code, of which nothing is checked yet.
 *
 * @param own parts of which the configuration's are not made, and not checked
 * @throws SettingError naming a setting that is unknown, missing or wrong, or those that contradict each other
 */
export function checkWholeConfig(config: TrainConfig, own: OwnParts): void {
  checkTrainSettings(config);
  const missing = SETTING_KEYS.find((key) => !Object.hasOwn(config, key));
  if (missing !== undefined)
    throw new SettingError((name) => `${name(missing)} is missing: TRAIN_DEFAULTS has all settings`);
  checkConfig(config, own);
}

/**
 * Rejects settings that contradict each other, before any data is read.
 *
 * @param own parts of which the configuration's are not made, and not checked
 * @throws UsageError naming the settings that contradict each other
 */
export function checkConfig(config: TrainConfig, own: OwnParts = {}): void {
  const { epochs, warmupEpochs } = config;
  const threads = configuredThreads(config.threads);
  if (threads !== undefined) checkThreads(threads);
  // The number of classes does not matter here, nor does the image size if the data decides it.
  const model = own.model ?? createModel(modelOptionsOf(config, 2, {}));
  if (own.model || config.imageSize !== null) expectTrainableBatch(model, config, launchedRanks());
  if (!own.loss) lossOf(config);
  if (!own.optimizer) optimizerOf(config);
  if (config.patience !== null && config.patienceMetric === 'ema-top1' && config.emaDecay === null)
    throw new SettingError((name) => `${name('patienceMetric')} ema-top1 needs ${name('emaDecay')}`);
  checkMixing(config);
  checkFolds(config);
  if (warmupEpochs >= epochs)
    throw new SettingError(
      (name) => `${name('warmupEpochs')} ${warmupEpochs} must be below ${name('epochs')} ${epochs}`,
    );
}

/** Mixing takes two images of a batch, and two epochs to be switched off between. */
function checkMixing({ mixup, cutmix, mixupOffEpoch, batchSize, epochs }: TrainConfig): void {
  if (mixup + cutmix > 0 && batchSize === 1)
    throw new SettingError(
      (name) =>
        `${name(mixup > 0 ? 'mixup' : 'cutmix')} has no effect with ${name('batchSize')} 1: it mixes the images of a batch`,
    );
  if (mixupOffEpoch === null) return;
  if (mixup + cutmix === 0)
    throw new SettingError(
      (name) => `${name('mixupOffEpoch')} has no effect without ${name('mixup')} or ${name('cutmix')}`,
    );
  if (mixupOffEpoch >= epochs)
    throw new SettingError(
      (name) => `${name('mixupOffEpoch')} ${mixupOffEpoch} must be below ${name('epochs')} ${epochs}`,
    );
}

/** A fold is one of several, and held out in place of a share. */
function checkFolds({ folds, fold, valShare }: TrainConfig): void {
  if (folds === null) return;
  if (fold === null)
    throw new SettingError((name) => `${name('folds')} needs ${name('fold')}, the one that is held out`);
  if (fold > folds)
    throw new SettingError((name) => `${name('fold')} ${fold} must be at most ${name('folds')} ${folds}`);
  if (valShare !== TRAIN_DEFAULTS.valShare)
    throw new SettingError((name) => `${name('valShare')} has no effect with ${name('folds')}`);
}
