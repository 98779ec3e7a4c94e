import type { TrainConfig } from '../trainConfig.js';
import { AUGMENTATION_SETTINGS } from './augmentation.js';
import { DATA_SETTINGS, MODEL_SETTINGS } from './modelAndData.js';
import { COMPUTATION_SETTINGS, RUN_SETTINGS } from './running.js';
import type { Setting, SettingsOf } from './setting.js';
import { LOSS_SETTINGS, TRAINING_SETTINGS } from './training.js';

/** Name of a setting. */
export type SettingKey = keyof TrainConfig;

/**
 * All settings of a training, in the order of help and documents: flags, keys of configuration files, checks and
 * docs/settings.md come from here. A setting of {@link TrainConfig} that is missing here does not compile.
 */
export const SETTINGS: SettingsOf<SettingKey> = {
  ...MODEL_SETTINGS,
  ...DATA_SETTINGS,
  ...AUGMENTATION_SETTINGS,
  ...LOSS_SETTINGS,
  ...TRAINING_SETTINGS,
  ...COMPUTATION_SETTINGS,
  ...RUN_SETTINGS,
};

/** Names of all settings, in the table's order. */
export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[];

/** Whether a setting of that name exists. */
export function isSettingKey(key: string): key is SettingKey {
  return Object.hasOwn(SETTINGS, key);
}

/** A setting by name, whatever its value's type. */
export function settingOf(key: SettingKey): Setting<TrainConfig[SettingKey]> {
  return SETTINGS[key];
}

/** Every setting's default: the published CIFAR-100 recipe. */
export const TRAIN_DEFAULTS: TrainConfig = Object.fromEntries(
  SETTING_KEYS.map((key) => [key, settingOf(key).default]),
) as { [K in SettingKey]: TrainConfig[K] };
