import { join } from 'node:path';
import type { CheckpointInfo } from '../train/checkpointInfo.js';
import type { CheckpointKind, Checkpoints, Improvements } from '../train/checkpoints.js';
import type { Learner } from '../train/learner.js';
import { saveAverage, saveCheckpoint } from './checkpoint.js';
import { BEST_AVERAGE, LAST_CHECKPOINT } from './runFolder.js';

/** When checkpoints are written. */
export interface CheckpointPolicy {
  /** Keep a checkpoint under its own name every so many epochs; 0 (default): none. */
  readonly everyEpochs?: number | undefined;
  /** Write `last` within an epoch when so many seconds have passed. Default 300. */
  readonly everySeconds?: number | undefined;
  /** Called before each is written, and before it replaces the file; what it throws is passed on, and the file stays. */
  readonly beforeSave?: (() => void) | undefined;
}

/** Names of checkpoints' files, where epochs count from 1. */
const fileNames: Readonly<Record<CheckpointKind, (epoch: number) => string>> = {
  last: () => LAST_CHECKPOINT,
  best: () => 'best.safetensors',
  bestAverage: () => BEST_AVERAGE,
  epoch: (epoch) => `epoch-${String(epoch + 1).padStart(3, '0')}.safetensors`,
};

/** Checkpoints of a run in its folder: `last`, `best`, and every N epochs if asked. */
export class RunCheckpoints implements Checkpoints {
  private savedAt = performance.now();

  constructor(
    private readonly folder: string,
    private readonly policy: CheckpointPolicy = {},
  ) {}

  /** Whether `last` is to be written within an epoch now. */
  get isDue(): boolean {
    return performance.now() - this.savedAt >= 1000 * (this.policy.everySeconds ?? 300);
  }

  /** What to write at the end of an epoch, in order: `last` comes last, so that a run resumed from it has the others. */
  kindsAfter(epoch: number, { best, bestAverage }: Improvements): CheckpointKind[] {
    const { everyEpochs = 0 } = this.policy;
    const keep = everyEpochs > 0 && (epoch + 1) % everyEpochs === 0;
    const kinds = { epoch: keep, best, bestAverage, last: true };
    return (Object.keys(kinds) as CheckpointKind[]).filter((kind) => kinds[kind]);
  }

  /**
   * Writes a checkpoint and returns its path.
   *
   * @param epoch from 0; names the file of the kind `epoch`, where epochs count from 1: epoch-008.safetensors
   * @throws UserError when it cannot be written; the old file stays
   */
  async save(kind: CheckpointKind, learner: Learner, info: CheckpointInfo, epoch: number): Promise<string> {
    const { beforeSave } = this.policy;
    beforeSave?.();
    const path = join(this.folder, fileNames[kind](epoch));
    if (kind === 'bestAverage') await saveAverage(path, learner, info, beforeSave);
    else await saveCheckpoint(path, learner, info, beforeSave);
    this.savedAt = performance.now();
    return path;
  }
}
