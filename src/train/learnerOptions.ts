import { UsageError } from '../errors.js';
import { checkDecay } from './averages.js';
import type { StepParts } from './stepExecutables.js';
import type { LabelledBatch } from './stepResult.js';

/** Options of a learner; it does not close the engine. */
export interface LearnerOptions extends StepParts {
  /** Images of an evaluation batch. Default: `batchSize`. */
  readonly evaluationBatchSize?: number | undefined;
  /** Seed of the initial values and of dropout. Default 0. */
  readonly seed?: number | undefined;
}

/** @throws UsageError when an option is out of range */
export function checkLearnerOptions({ clipNorm, averageDecay }: LearnerOptions): void {
  if (clipNorm !== undefined && !(clipNorm > 0))
    throw new UsageError(`clipNorm must be a number above 0, not ${clipNorm}`);
  checkDecay(averageDecay);
}

/** Options of a training step. */
export interface LearnerStep {
  readonly learningRate: number;
  /** Its number since the start of the run, on which dropout's random numbers depend. */
  readonly step: number;
  /**
   * The batch of the next step, which goes up meanwhile where the engine takes inputs ahead: its arrays may be handed over, and the
   * next call takes the same object. Default: it is not known yet.
   */
  readonly next?: LabelledBatch | undefined;
}
