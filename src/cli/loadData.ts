import { type DatasetPair, loadCifar } from '../data/cifar.js';
import { syntheticDataset } from '../data/synthetic.js';
import { UsageError } from '../errors.js';

/** Which data a command works on. */
export interface DataChoice {
  readonly data: 'cifar100' | 'cifar10' | 'synthetic';
  readonly dataPath: string | null;
  readonly download: boolean;
  /** Seed of made data. */
  readonly seed: number;
}

/** Where data is kept unless a path is given. */
const DEFAULT_PATH = 'data';

/**
 * Loads or makes the data.
 *
 * @throws UserError when it is missing or damaged, saying what to do
 */
export async function loadData({ data, dataPath, seed }: DataChoice): Promise<DatasetPair> {
  if (data === 'synthetic') {
    if (dataPath !== null) throw new UsageError('--data synthetic is drawn, and takes no --data-path');
    return syntheticDataset({ seed });
  }
  return loadCifar(data, dataPath ?? DEFAULT_PATH);
}
