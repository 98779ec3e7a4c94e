import type { EpochFigures } from './news.js';
import type { TrainingJob } from './plan.js';

/** What the browser keeps of the last training. */
export interface StoredTraining {
  readonly job: TrainingJob;
  /** Absent before the first step. */
  readonly last?: Uint8Array | undefined;
  /** Absent before the first epoch's end. */
  readonly best?: Uint8Array | undefined;
  readonly epochs: readonly EpochFigures[];
}
