import type { TrainConfig } from '../trainConfig.js';
import { hasEffect } from './effects.js';
import { optimizerDefaults } from './optimizer.js';
import { SETTING_KEYS, TRAIN_DEFAULTS } from './table.js';

/**
 * What must be given for a new run to get a run's settings: those that differ from the table's defaults or from those of the
 * run's optimiser, without those that have no effect, which a new run refuses.
 *
 * @param config a run's settings
 */
export function settingsToGive(config: TrainConfig): Partial<TrainConfig> {
  const own = optimizerDefaults(config, {});
  const differs = (value: unknown, other: unknown): boolean =>
    JSON.stringify(value) !== JSON.stringify(other);
  const given = SETTING_KEYS.filter(
    (key) =>
      (differs(config[key], TRAIN_DEFAULTS[key]) ||
        (Object.hasOwn(own, key) && differs(config[key], own[key]))) &&
      hasEffect(key, config),
  );
  return Object.fromEntries(given.map((key) => [key, config[key]]));
}
