import { loadCifar } from '../data/cifar.js';
import type { DatasetPair } from '../data/dataset.js';
import { syntheticDataset } from '../data/synthetic.js';
import { UsageError } from '../errors.js';
import type { TrainConfig } from '../train/trainConfig.js';

/** Which data a command works on. */
export type DataChoice = Pick<TrainConfig, 'data' | 'dataPath' | 'download'>;

/** Where data is kept unless a path is given. */
const DEFAULT_PATH = 'data';

/**
 * Loads or makes the data. Drawn data is the same in every run, whatever the seed, so that accuracies compare.
 *
 * @throws UserError when it is missing or damaged, saying what to do
 */
export async function loadData({ data, dataPath }: DataChoice): Promise<DatasetPair> {
  if (data === 'synthetic') {
    if (dataPath !== null) throw new UsageError('--data synthetic is drawn, and takes no --data-path');
    return syntheticDataset();
  }
  return loadCifar(data, dataPath ?? DEFAULT_PATH);
}

/** @throws UsageError when `--classes` was given and is not what the data has */
export function checkClasses(given: number | undefined, data: string, classes: readonly string[]): void {
  if (given === undefined || given === classes.length) return;
  throw new UsageError(`--classes is ${given}, but ${data} has ${classes.length} classes`);
}
