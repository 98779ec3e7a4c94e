import type { TrainConfig } from '../trainConfig.js';
import { checkTrainSettings } from './checkSettings.js';
import { TRAIN_DEFAULTS } from './table.js';

/** Values of settings that runs of older versions do not have. */
const BEFORE_THEY_WERE_NAMED = { exif: 'ignore', splitBy: 'place' } as const satisfies Partial<TrainConfig>;

/**
 * All settings of a run, from what was saved with it.
 *
 * @param source names the file in messages
 * @throws SettingError naming a setting that is unknown or wrong
 */
export function settingsOfRun(saved: unknown, source: string): TrainConfig {
  return withUnnamed(checkTrainSettings(saved, source));
}

/** All settings of a run whose saved ones are checked, or only shown. */
export function withUnnamed(saved: Partial<TrainConfig>): TrainConfig {
  return { ...TRAIN_DEFAULTS, ...BEFORE_THEY_WERE_NAMED, ...saved };
}
