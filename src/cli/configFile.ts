import { readTextFile } from '../data/folders/textFile.js';
import { errorMessage, UsageError } from '../errors.js';
import { checkTrainSettings } from '../runs/settings/checkSettings.js';
import { settingKeyOf } from '../runs/settings/spelling.js';
import type { TrainConfig } from '../runs/trainConfig.js';
import { flagOf } from './flagNames.js';

/** What a configuration file cannot set, by its name there. */
const FLAGS_ALONE: readonly string[] = ['config', 'recipe', 'runDir', 'resume', 'logFormat', 'classes'];

/**
 * Settings of a JSON file, whose keys are setting names in any spelling: baseLr, base-lr, base_lr.
 *
 * @throws UsageError when it cannot be read, or sets what only a flag can set
 * @throws SettingError when a setting is unknown or wrong
 */
export function readConfigFile(path: string): Partial<TrainConfig> {
  let value: unknown;
  try {
    value = JSON.parse(readTextFile(path));
  } catch (error) {
    throw new UsageError(`the configuration ${path} cannot be read as JSON: ${errorMessage(error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return checkTrainSettings(value, path);
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => [settingKeyOf(key), item]);
  const keys = entries.map(([key]) => key);
  const alone = FLAGS_ALONE.find((key) => keys.includes(key));
  if (alone !== undefined)
    throw new UsageError(`${path} cannot set ${flagOf(alone)}, which can only be given on the command line`);
  const twice = keys.find((key, i) => keys.indexOf(key) !== i);
  if (twice !== undefined) throw new UsageError(`${path} has ${twice} twice, in two spellings`);
  return checkTrainSettings(Object.fromEntries(entries), path);
}
