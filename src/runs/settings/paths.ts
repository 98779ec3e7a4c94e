import { existsSync } from 'node:fs';
import { basename, dirname, isAbsolute, resolve } from 'node:path';
import { isUrl } from '../../data/remote/url.js';
import { weightsName } from '../hub/weightsName.js';
import type { TrainConfig } from '../trainConfig.js';
import { isSettingKey, settingOf } from './table.js';

/** Settings with paths that are valid in any working directory; URLs are left as they are. */
export function withAbsolutePaths<C extends Partial<TrainConfig>>(config: C): C {
  return mapPaths(config, (path) => resolve(path));
}

/** Where CIFAR is kept unless a path is given. */
const DATA_FOLDER = 'data';

/** The settings with CIFAR's folder, which has a default, made explicit, so that a run keeps where it is. */
export function withDataFolder<C extends Pick<TrainConfig, 'data' | 'dataPath'>>(config: C): C {
  const isCifar = config.data === 'cifar100' || config.data === 'cifar10';
  return isCifar && config.dataPath === null ? { ...config, dataPath: DATA_FOLDER } : config;
}

/**
 * Absolute paths for the settings of a run folder of an older version, in which some are relative to the working
 * directory of that time. The folder that contains `runs/` is tried first, if the run folder is in one and the file
 * is there; else the current working directory.
 *
 * @param onFound called with each path that was relative and what it was taken as
 */
export function withRestoredPaths(
  config: TrainConfig,
  runFolder: string,
  onFound: (path: string, taken: string) => void,
): TrainConfig {
  const parent = dirname(resolve(runFolder));
  return mapPaths(withDataFolder(config), (path) => {
    if (isAbsolute(path)) return path;
    const beside = resolve(dirname(parent), path);
    const taken = basename(parent) === 'runs' && existsSync(beside) ? beside : resolve(path);
    onFound(path, taken);
    return taken;
  });
}

/** Whether a setting names published weights in place of a file. */
function isWeightsName(key: keyof TrainConfig, value: string): boolean {
  return key === 'pretrained' && weightsName(value) !== undefined;
}

function mapPaths<C extends Partial<TrainConfig>>(config: C, absolute: (path: string) => string): C {
  const isPath = (key: string, value: unknown): value is string =>
    isSettingKey(key) &&
    settingOf(key).path &&
    typeof value === 'string' &&
    !(settingOf(key).words ?? []).includes(value) &&
    !isUrl(value) &&
    !isWeightsName(key, value);
  const entries = Object.entries(config).map(([key, value]) =>
    isPath(key, value) ? [key, absolute(value)] : [key, value],
  );
  return Object.fromEntries(entries) as C;
}
