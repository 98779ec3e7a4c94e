import { join } from 'node:path';
import type { CheckpointInfo } from '../train/checkpointInfo.js';
import type { CheckpointKind, Checkpoints } from '../train/checkpoints.js';
import type { Learner } from '../train/learner.js';
import { saveCheckpoint } from './checkpoint.js';

/** When checkpoints are written. */
export interface CheckpointPolicy {
  /** Keep a checkpoint under its own name every so many epochs; 0 (default): none. */
  readonly everyEpochs?: number | undefined;
  /** Write `last` within an epoch when so many seconds have passed. Default 300. */
  readonly everySeconds?: number | undefined;
}

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
  kindsAfter(epoch: number, improved: boolean): CheckpointKind[] {
    const { everyEpochs = 0 } = this.policy;
    const keep = everyEpochs > 0 && (epoch + 1) % everyEpochs === 0;
    return [...(keep ? ['epoch' as const] : []), ...(improved ? ['best' as const] : []), 'last'];
  }

  /**
   * Writes a checkpoint and returns its path.
   *
   * @param epoch from 0; names the file of the kind `epoch`, where epochs count from 1: epoch-008.safetensors
   * @throws UserError when it cannot be written; the old file stays
   */
  async save(kind: CheckpointKind, learner: Learner, info: CheckpointInfo, epoch: number): Promise<string> {
    const name = kind === 'epoch' ? `epoch-${String(epoch + 1).padStart(3, '0')}` : kind;
    const path = join(this.folder, `${name}.safetensors`);
    await saveCheckpoint(path, learner, info);
    this.savedAt = performance.now();
    return path;
  }
}
