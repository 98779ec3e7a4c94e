import type { DatasetPair } from '../data/dataset.js';
import { type RatePoint, type RateSweepOptions, sweepRates } from '../train/rateSweep.js';
import { loadData } from './loadData.js';
import { openParts } from './openParts.js';
import type { RunListener } from './runEvents.js';
import type { TrainConfig } from './trainConfig.js';

/** Options of {@link findRate}. */
export interface FindRateOptions extends Pick<RateSweepOptions, 'from' | 'to' | 'steps' | 'onProgress'> {
  /** Called with the data before anything is computed; what it throws ends the search. */
  readonly onData?: ((data: DatasetPair) => void) | undefined;
  readonly onEvent?: RunListener | undefined;
}

/**
 * Sweeps over learning rates with all else as a run of the configuration would have it. Nothing is kept.
 *
 * @throws UserError when the data is missing or damaged, does not fit, or the engine is missing
 */
export async function findRate(config: TrainConfig, options: FindRateOptions): Promise<RatePoint[]> {
  const { onEvent, onData, ...sweep } = options;
  const data = await loadData(config, onEvent);
  onData?.(data);
  const { learner, train, teacher, freezing, close } = await openParts(data, { config, onEvent });
  try {
    if (freezing) await learner.freeze(freezing.names);
    return await sweepRates({ ...sweep, learner, train, teacher, accumulate: config.accumulate });
  } finally {
    await close();
  }
}
