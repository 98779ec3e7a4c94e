import type { LengthAfter } from '../train/runLength.js';
import type { TrainConfig } from './trainConfig.js';
import { scheduleOf } from './trainingParts.js';

/**
 * Asked after each epoch how many a run shall have.
 *
 * @param done epochs that are done
 * @param planned epochs in all, as planned so far
 * @param seconds that the last one took, with its evaluation
 */
export type Pace = (done: number, planned: number, seconds: number) => number;

/** Changes a run's epochs as its pace says: the schedule ends with the last of them, and a warm-up becomes shorter with a shorter run. */
export function lengthBy(pace: Pace, config: TrainConfig): LengthAfter {
  let planned = config.epochs;
  return async (done, seconds) => {
    const epochs = pace(done, planned, seconds);
    if (epochs === planned) return undefined;
    planned = epochs;
    const warmupEpochs = config.warmupEpochs * Math.min(1, epochs / config.epochs);
    const changed = { ...config, epochs, warmupEpochs };
    return { epochs, schedule: scheduleOf(changed), config: changed };
  };
}
