import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage, UserError } from '../errors.js';
import { codeOf } from '../realms.js';
import { readCheckpointInfo } from '../runs/checkpoint.js';
import { LAST_CHECKPOINT } from '../runs/runFolder.js';
import { isSettingKey } from '../runs/settings/table.js';
import type { TrainConfig } from '../runs/trainConfig.js';

type PathOf = (name: string) => string | undefined;

/**
 * The settings that a run was last trained with, unchecked. Its last checkpoint has them, where a resume may have changed some; a
 * run without one has those in `config.json` that it was started with. Undefined where there is neither.
 *
 * @param pathOf path of a file in the folder, or undefined if it is not there
 * @throws UserError when the configuration cannot be read
 */
export function settingsOf(
  folder: string,
  pathOf: PathOf = (name) => join(folder, name),
): Partial<TrainConfig> | undefined {
  const settings = checkpointSettings(pathOf) ?? settingsFile(pathOf('config.json'));
  return settings && Object.fromEntries(Object.entries(settings).filter(([key]) => isSettingKey(key)));
}

function checkpointSettings(pathOf: PathOf): object | undefined {
  try {
    const path = pathOf(LAST_CHECKPOINT);
    return path === undefined ? undefined : readCheckpointInfo(path)?.training?.config;
  } catch {
    return undefined;
  }
}

function settingsFile(path: string | undefined): object | undefined {
  if (path === undefined) return undefined;
  let settings: unknown;
  try {
    settings = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new UserError(`${path} cannot be read: ${errorMessage(error)}`);
  }
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings))
    throw new UserError(`${path} is damaged: it must be a JSON object of settings`);
  return settings;
}
