/** Progress within an epoch, of a run in a process of its own. */
export interface RunProgress {
  readonly phase: 'starting' | 'train' | 'test' | 'report' | 'stopping';
  /** From 1; 0 before the first. */
  readonly epoch: number;
  /** Share of the phase that is done, from 0 to 1. */
  readonly done: number;
  /** Mean loss and top-1 in percent of the epoch so far; null where the phase has none. */
  readonly loss: number | null;
  readonly top1: number | null;
  readonly imagesPerSecond: number | null;
}
