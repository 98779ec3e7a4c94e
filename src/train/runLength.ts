import type { Schedule } from '../optim/schedule.js';

/** How long a run is, and what depends on it. */
export interface RunLength {
  /** Epochs in all. */
  readonly epochs: number;
  readonly schedule: Schedule;
  /** The configuration that checkpoints carry. */
  readonly config: Readonly<Record<string, unknown>>;
}

/**
 * Asked after each epoch: the run's length from then on, or undefined to leave it as it is.
 *
 * @param done epochs that are done
 * @param seconds that the last one took, with its evaluation
 */
export type LengthAfter = (done: number, seconds: number) => Promise<RunLength | undefined>;
