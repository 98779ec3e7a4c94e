import type { Progress } from './checkpointInfo.js';
import type { EpochResult, TrainerEvent } from './events.js';
import { type AccuracySums, accuracyOf, addAccuracy } from './metrics.js';

type StepEvent = Omit<Extract<TrainerEvent, { event: 'step' }>, 'event'>;

/** Adds up an epoch's steps: losses, accuracies, time. */
export class EpochMeter {
  private sums: Progress['sums'];
  /** Steps that the sums are of. */
  private steps: number;
  private seconds: number;
  private imagesHere = 0;

  /**
   * @param progress where the epoch goes on
   * @param waitedBefore what the loader had waited in all before, in milliseconds
   */
  constructor(
    private readonly start: Progress,
    private readonly waitedBefore: number,
  ) {
    this.sums = start.sums;
    this.steps = start.step;
    this.seconds = start.seconds;
  }

  /** Adds a step, which took so many seconds from asking for its batch to its result. */
  add(sums: AccuracySums, loss: number, seconds: number): void {
    this.sums = { ...addAccuracy(this.sums, sums), loss: this.sums.loss + loss };
    this.steps++;
    this.imagesHere += sums.images;
    this.seconds += seconds;
  }

  /** The run's progress after the last step that was added. */
  progress(before: Progress): Progress {
    return {
      ...before,
      step: this.steps,
      globalStep: before.globalStep + 1,
      sums: this.sums,
      seconds: this.seconds,
    };
  }

  stepEvent(progress: Progress, loss: number, learningRate: number): StepEvent {
    const { epoch, step, globalStep } = progress;
    const { meanLoss, train, imagesPerSecond } = this.means();
    return { epoch, step, globalStep, loss, learningRate, meanLoss, train, imagesPerSecond };
  }

  /** The epoch's training figures. */
  result(
    waitedMs: number,
  ): Pick<EpochResult, 'trainLoss' | 'train' | 'imagesPerSecond' | 'seconds' | 'waitedPercent'> {
    const { meanLoss, train, imagesPerSecond } = this.means();
    const here = this.seconds - this.start.seconds;
    const waitedPercent = here > 0 ? (waitedMs - this.waitedBefore) / 10 / here : 0;
    return { trainLoss: meanLoss, train, imagesPerSecond, seconds: this.seconds, waitedPercent };
  }

  private means(): { meanLoss: number; train: EpochResult['train']; imagesPerSecond: number } {
    const here = this.seconds - this.start.seconds;
    return {
      meanLoss: this.steps === 0 ? 0 : this.sums.loss / this.steps,
      train: accuracyOf(this.sums),
      imagesPerSecond: here > 0 ? this.imagesHere / here : 0,
    };
  }
}
