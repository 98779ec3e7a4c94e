import { join } from 'node:path';
import { type CheckpointInfo, saveCheckpoint } from './checkpoint.js';
import type { Learner } from './learner.js';

/** When checkpoints are written. */
export interface CheckpointPolicy {
  /** Keep the checkpoint of every so many epochs under its own name; 0 (default): none. */
  readonly everyEpochs?: number | undefined;
  /** Write `last` within an epoch when so many seconds have passed. Default 300. */
  readonly everySeconds?: number | undefined;
}

/** Checkpoints of a run: `last`, `best`, and every N epochs if asked. */
export class RunCheckpoints {
  private savedAt = performance.now();

  constructor(
    private readonly folder: string,
    private readonly policy: CheckpointPolicy = {},
  ) {}

  /** Calls `save` when the time has come. */
  async saveIfDue(save: () => Promise<unknown>): Promise<void> {
    if (performance.now() - this.savedAt >= 1000 * (this.policy.everySeconds ?? 300)) await save();
  }

  /** Calls `save` for each checkpoint that the end of an epoch asks for; `last` is the last, so that it implies the others. */
  async epochDone(
    epoch: number,
    improved: boolean,
    save: (kind: 'last' | 'best' | 'epoch') => Promise<unknown>,
  ): Promise<void> {
    const { everyEpochs = 0 } = this.policy;
    if (everyEpochs > 0 && (epoch + 1) % everyEpochs === 0) await save('epoch');
    if (improved) await save('best');
    await save('last');
  }

  /** Writes a checkpoint and returns its path. */
  async save(
    kind: 'last' | 'best' | 'epoch',
    learner: Learner,
    info: CheckpointInfo,
    epoch = 0,
  ): Promise<string> {
    const path = join(
      this.folder,
      kind === 'epoch' ? `epoch-${String(epoch).padStart(3, '0')}.safetensors` : `${kind}.safetensors`,
    );
    await saveCheckpoint(path, learner, info);
    this.savedAt = performance.now();
    return path;
  }
}
