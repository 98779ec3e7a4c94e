import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { WeightsFile } from '../train/weights.js';
import { readCheckpointInfo } from './checkpoint.js';
import { BEST_AVERAGE, LAST_CHECKPOINT } from './runFolder.js';
import { withRestoredPaths } from './settings/paths.js';
import { settingsOfRun } from './settings/saved.js';
import type { TrainConfig } from './trainConfig.js';

/**
 * All settings of the run that weights are from; undefined if they are from none.
 *
 * @param path of the weights' file
 * @throws SettingError when a saved setting is unknown or wrong
 */
export function settingsOfWeights(
  path: string,
  { info }: Pick<WeightsFile, 'info'>,
): TrainConfig | undefined {
  const training = info && (info.training ?? trainingBeside(path));
  return training && withRestoredPaths(settingsOfRun(training.config, path), dirname(path), () => undefined);
}

/** A run's averaged weights are saved without the state of its training, which lies beside them. */
function trainingBeside(path: string) {
  const last = join(dirname(path), LAST_CHECKPOINT);
  return basename(path) === BEST_AVERAGE && existsSync(last) ? readCheckpointInfo(last)?.training : undefined;
}
