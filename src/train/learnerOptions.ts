import type { StepParts } from './stepExecutables.js';

/** Options of a learner; it does not close the engine. */
export interface LearnerOptions extends StepParts {
  /** Images of an evaluation batch. Default: `batchSize`. */
  readonly evaluationBatchSize?: number | undefined;
  /** Seed of the initial values and of dropout. Default 0. */
  readonly seed?: number | undefined;
}
