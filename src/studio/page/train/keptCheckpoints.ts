import { errorMessage, UserError } from '../../../errors.js';
import type { CheckpointInfo } from '../../../train/checkpointInfo.js';
import type { CheckpointKind, Checkpoints, Improvements } from '../../../train/checkpoints.js';
import { firstNotFinite } from '../../../train/finite.js';
import type { Learner } from '../../../train/learner.js';
import { checkpointBytes, learnerState } from '../../../train/learnerState.js';
import type { EpochFigures, KeptCheckpoint, NewsQueue } from './news.js';
import { storeCheckpoint } from './store.js';

/** Milliseconds between checkpoints within an epoch. */
const EVERY = 30_000;

/** Checkpoints in the browser's storage, and with the page, which has them even where the browser stores nothing. */
export class KeptCheckpoints implements Checkpoints {
  private savedAt = performance.now();

  /**
   * @param id the training's
   * @param epochs the finished ones, which grow while the training goes on
   * @param hasStorage whether the browser keeps the training
   */
  constructor(
    private readonly id: string,
    private readonly news: NewsQueue,
    private readonly epochs: readonly EpochFigures[],
    private hasStorage: boolean,
  ) {}

  get isDue(): boolean {
    return performance.now() - this.savedAt >= EVERY;
  }

  kindsAfter(_: number, { best }: Improvements): CheckpointKind[] {
    return best ? ['best', 'last'] : ['last'];
  }

  /** @throws UserError when a value is not finite */
  async save(kind: CheckpointKind, learner: Learner, info: CheckpointInfo): Promise<string> {
    const which: KeptCheckpoint = kind === 'best' ? 'best' : 'last';
    const state = await learnerState(learner);
    const broken = await firstNotFinite(state);
    if (broken !== undefined) throw new UserError(`${broken} is no longer finite: try a lower learning rate`);
    const bytes = new Uint8Array(await new Blob(checkpointBytes(state, info) as BlobPart[]).arrayBuffer());
    await this.store(which, bytes);
    this.news.push({ kind: 'saved', which, bytes });
    this.savedAt = performance.now();
    return which;
  }

  private async store(which: KeptCheckpoint, bytes: Uint8Array): Promise<void> {
    if (!this.hasStorage) return;
    try {
      await storeCheckpoint(this.id, which, bytes, this.epochs);
    } catch (error) {
      this.hasStorage = false;
      this.news.push({ kind: 'notice', text: withoutStorage(error) });
    }
  }
}

/** Why a training ends with its page. */
export function withoutStorage(error: unknown): string {
  return `This browser does not keep the training (${errorMessage(error)}): download the model before you close the page`;
}
