import { loadCifar } from '../data/cifar.js';
import type { CifarName } from '../data/cifarFacts.js';
import { type DatasetPair, limited } from '../data/dataset.js';
import { syntheticDataset } from '../data/synthetic.js';
import { UsageError } from '../errors.js';
import type { TrainConfig } from '../train/trainConfig.js';
import { ProgressLine } from './progressLine.js';

/** Which data a command works on, and how much of it. */
export type DataChoice = Pick<TrainConfig, 'data' | 'dataPath' | 'download' | 'limitTrain' | 'limitTest'>;

/** Where data is kept unless a path is given. */
const DEFAULT_PATH = 'data';

/**
 * Loads or makes the data. Drawn data is the same in every run, whatever the seed, so that accuracies compare.
 *
 * @throws UserError when it is missing or damaged, saying what to do
 */
export async function loadData({ data, dataPath, download, ...limits }: DataChoice): Promise<DatasetPair> {
  const limitTrain = limits.limitTrain ?? undefined;
  const limitTest = limits.limitTest ?? undefined;
  if (data === 'synthetic') {
    if (dataPath !== null) throw new UsageError('--data synthetic is drawn, and takes no --data-path');
    return syntheticDataset({ train: limitTrain, test: limitTest });
  }
  const { train, test } = await loadOrFetchCifar(data, dataPath ?? DEFAULT_PATH, download);
  return { train: limited(train, limitTrain), test: limited(test, limitTest) };
}

async function loadOrFetchCifar(name: CifarName, path: string, download: boolean): Promise<DatasetPair> {
  if (!download) return loadCifar(name, path);
  const line = new ProgressLine(process.stderr);
  const onProgress = (received: number, total = Infinity): void =>
    line.update(received / total, `fetching ${name}: ${(received / 1e6).toFixed(1)} MB`);
  try {
    return await loadCifar(name, path, { download: { onProgress } });
  } finally {
    line.clear();
  }
}

/** @throws UsageError when `--classes` was given and is not what the data has */
export function checkClasses(given: number | undefined, data: string, classes: readonly string[]): void {
  if (given === undefined || given === classes.length) return;
  throw new UsageError(`--classes is ${given}, but ${data} has ${classes.length} classes`);
}
