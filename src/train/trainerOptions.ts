import type { BatchSource } from '../data/batch.js';
import type { Schedule } from '../optim/schedule.js';
import type { CheckpointInfo, Progress, TrainingDescription } from './checkpointInfo.js';
import type { Checkpoints } from './checkpoints.js';
import type { EarlyStop } from './earlyStop.js';
import type { TrainerListener } from './events.js';
import type { Learner } from './learner.js';
import type { LengthAfter } from './runLength.js';
import type { Teacher } from './teacher.js';
import type { ThreadControl } from './threads.js';

/** Options of a trainer. */
export interface TrainerOptions {
  readonly learner: Learner;
  readonly train: BatchSource;
  readonly test: BatchSource;
  /** Images of the sets, for events. */
  readonly images: { readonly train: number; readonly test: number };
  readonly schedule: Schedule;
  readonly epochs: number;
  /** Changes epochs and schedule between two epochs. Default: they stay. */
  readonly lengthAfter?: LengthAfter | undefined;
  /**
   * Batches per step: their gradients are averaged, so that a step equals one with a batch that is this many times larger, except
   * for what depends on batch statistics. Default 1. The last step of an epoch takes the remaining batches.
   */
  readonly accumulate?: number | undefined;
  /** What stays as it is, in the epochs before `until`; default: nothing. */
  readonly freezing?: Freezing | undefined;
  /** Ends the run when the test set's figures no longer become better. Default: never. */
  readonly earlyStop?: EarlyStop | undefined;
  /** Gives the logits that a loss with distillation takes. */
  readonly teacher?: Teacher | undefined;
  /** Says on how many threads the engine computes. Default: always on those that it was started with, which checkpoints do not note. */
  readonly threads?: ThreadControl | undefined;
  /** Where checkpoints go; without it none are written. */
  readonly checkpoints?: Checkpoints | undefined;
  /** Contents of checkpoints besides the tensors and the progress. */
  readonly info: Omit<CheckpointInfo, 'training'> & Pick<TrainingDescription, 'config' | 'classWeights'>;
  /** Where to resume; without it the run is new. */
  readonly progress?: Progress | undefined;
  readonly listeners?: readonly TrainerListener[];
}

/** State entries that are not trained in the first epochs. */
export interface Freezing {
  readonly names: ReadonlySet<string>;
  /** The epoch from which on they are trained, from 0; undefined: never. */
  readonly until?: number | undefined;
}
