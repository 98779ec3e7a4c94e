import type { EpochResult, TrainerEvent } from '../../../train/events.js';

/** A finished epoch, for curves. */
export type EpochFigures = Pick<
  EpochResult,
  'epoch' | 'trainLoss' | 'train' | 'test' | 'imagesPerSecond' | 'seconds'
>;

/** The checkpoint of a training: the newest, or that of the best epoch. */
export type KeptCheckpoint = 'last' | 'best';

/** What a training tells the page. */
export type TrainingNews =
  | { readonly kind: 'event'; readonly event: Exclude<TrainerEvent, { readonly event: 'batch' }> }
  | { readonly kind: 'saved'; readonly which: KeptCheckpoint; readonly bytes: Uint8Array }
  /** A sentence of what is not as it should be, though the training goes on. */
  | { readonly kind: 'notice'; readonly text: string };

/** News that wait for the page to ask for them: a page in the background is asked for nothing, and loses nothing. */
export class NewsQueue {
  private waiting: TrainingNews[] = [];
  private wake: (() => void) | undefined;
  private isClosed = false;

  /** Adds something. */
  push(news: TrainingNews): void {
    this.waiting.push(news);
    this.wake?.();
  }

  /** All news since the last call, as soon as there are any; none when there will be no more. */
  async take(): Promise<TrainingNews[]> {
    if (this.waiting.length === 0 && !this.isClosed)
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    this.wake = undefined;
    const taken = this.waiting;
    this.waiting = [];
    return taken;
  }

  /** There will be no more. */
  close(): void {
    this.isClosed = true;
    this.wake?.();
  }
}
