import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage, UserError } from '../errors.js';
import { codeOf } from '../realms.js';
import { isSettingKey } from '../runs/settings/table.js';
import type { TrainConfig } from '../runs/trainConfig.js';

/**
 * The run's settings as its folder has them, unchecked; undefined where there is no configuration.
 *
 * @throws UserError when it cannot be read
 */
export function settingsOf(folder: string): Partial<TrainConfig> | undefined {
  const path = join(folder, 'config.json');
  let settings: unknown;
  try {
    settings = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new UserError(`${path} cannot be read: ${errorMessage(error)}`);
  }
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings))
    throw new UserError(`${path} is damaged: it must be a JSON object of settings`);
  return Object.fromEntries(Object.entries(settings).filter(([key]) => isSettingKey(key)));
}
