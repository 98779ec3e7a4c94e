import type { Ranks } from '../distributed/communicator.js';
import { SettingError } from '../errors.js';
import type { TrainConfig } from './trainConfig.js';

/**
 * Images of a rank's part of a batch.
 *
 * @throws SettingError when the ranks cannot share it evenly
 */
export function partOf({ batchSize }: Pick<TrainConfig, 'batchSize'>, { size }: Pick<Ranks, 'size'>): number {
  if (batchSize % size === 0) return batchSize / size;
  throw new SettingError(
    (name) =>
      `${name('batchSize')} must be a multiple of the ${size} ranks, which share a batch, not ${batchSize}`,
  );
}
