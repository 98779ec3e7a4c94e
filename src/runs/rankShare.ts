import { availableParallelism } from 'node:os';
import type { Ranks } from '../distributed/communicator.js';
import type { LaunchedRanks } from '../distributed/launcher.js';
import type { EngineOptions } from '../engines/engine.js';
import { SettingError } from '../errors.js';
import { MEASURED } from './measuredThreads.js';
import type { TrainConfig } from './trainConfig.js';

/**
 * Threads and precision as an engine takes them; ranks of one machine share its processors.
 *
 * @throws SettingError when the threads are yet to be measured
 */
export function engineOptionsOf(
  { threads, precision }: Pick<TrainConfig, 'threads' | 'precision'>,
  { localSize }: Pick<LaunchedRanks, 'localSize'> = { localSize: 1 },
): EngineOptions {
  if (threads === MEASURED)
    throw new SettingError((name) => `${name('threads')} auto is for a training run: give a number here`);
  const share = Math.max(1, Math.floor(availableParallelism() / localSize));
  const own = threads ?? (localSize > 1 ? share : null);
  return { ...(own !== null && { threads: own }), precision };
}

/**
 * Refuses to measure threads on several ranks, which share the processors.
 *
 * @throws SettingError
 */
export function checkRankThreads(
  { threads }: Pick<TrainConfig, 'threads'>,
  { size }: Pick<Ranks, 'size'>,
): void {
  if (threads === MEASURED && size > 1)
    throw new SettingError(
      (name) => `${name('threads')} auto is for a run on its own: ${size} ranks need a number, or none`,
    );
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
