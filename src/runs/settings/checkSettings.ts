import { SettingError, UsageError } from '../../errors.js';
import type { TrainConfig } from '../trainConfig.js';
import { isSettingKey, settingOf } from './table.js';

/**
 * Checks the names and values of settings.
 *
 * @param source the file that they come from, for messages
 * @throws SettingError naming the setting, what was expected and what was found
 * @throws UsageError when they are not an object
 */
export function checkTrainSettings(settings: unknown, source?: string): Partial<TrainConfig> {
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings))
    throw new UsageError(`${source ?? 'the configuration'} must be a JSON object of settings`);
  for (const [key, value] of Object.entries(settings)) checkOne(key, value, source);
  return settings;
}

function checkOne(key: string, value: unknown, source: string | undefined): void {
  const refuse = (what: string): SettingError =>
    new SettingError((name) => `${source === undefined ? name(key) : `${key} in ${source}`} ${what}`);
  if (!isSettingKey(key)) throw refuse('is not a training setting');
  const { expected, holds } = settingOf(key).check;
  // NaN and infinity have no JSON.
  const found = typeof value === 'number' ? value : JSON.stringify(value);
  if (!holds(value)) throw refuse(`must be ${expected}, not ${found}`);
}
