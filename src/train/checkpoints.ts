import type { CheckpointInfo } from './checkpointInfo.js';
import type { Learner } from './learner.js';

/**
 * Which of a run's checkpoints: the newest, the one with the best test top-1, that of an epoch; or the averaged weights with the best
 * test top-1 of theirs, without training state.
 */
export type CheckpointKind = 'last' | 'best' | 'epoch' | 'bestAverage';

/** What an epoch's evaluation was better in than all before. */
export interface Improvements {
  readonly best: boolean;
  readonly bestAverage: boolean;
}

/** Where a trainer's checkpoints go: files of a run folder, or another store. */
export interface Checkpoints {
  /** Whether `last` is to be written within an epoch now. */
  readonly isDue: boolean;
  /** What to write at the end of an epoch, in order: `last` comes last, so that a run resumed from it has the others. */
  kindsAfter(epoch: number, improved: Improvements): CheckpointKind[];
  /**
   * Writes a checkpoint and returns its place.
   *
   * @param epoch names the checkpoint of the kind `epoch`
   * @throws UserError when it cannot be written; the old file stays
   */
  save(kind: CheckpointKind, learner: Learner, info: CheckpointInfo, epoch: number): Promise<string>;
}
