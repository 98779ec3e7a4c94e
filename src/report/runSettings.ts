import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isSettingKey } from '../runs/settings/table.js';
import type { TrainConfig } from '../runs/trainConfig.js';

/** The run's settings as its folder has them; none where there is no readable configuration. */
export function settingsOf(folder: string): Partial<TrainConfig> {
  try {
    const settings: unknown = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
    if (typeof settings !== 'object' || settings === null) return {};
    return Object.fromEntries(Object.entries(settings).filter(([key]) => isSettingKey(key)));
  } catch {
    return {};
  }
}
