import type { Ranks } from '../distributed/communicator.js';
import type { LaunchedRanks } from '../distributed/launcher.js';
import type { EngineOptions } from '../engines/engine.js';
import { processorsAtHand } from '../engines/host/processors.js';
import { SettingError } from '../errors.js';
import { configuredThreads } from './threads/configuredThreads.js';
import type { TrainConfig } from './trainConfig.js';

/** Threads and precision as an engine takes them; ranks of one machine share its processors. */
export function engineOptionsOf(
  { threads, precision }: Pick<TrainConfig, 'threads' | 'precision'>,
  { localSize }: Pick<LaunchedRanks, 'localSize'> = { localSize: 1 },
): EngineOptions {
  const share = Math.max(1, Math.floor(processorsAtHand() / localSize));
  const own = configuredThreads(threads) ?? (localSize > 1 ? share : undefined);
  return { ...(own !== undefined && { threads: own }), precision };
}

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
