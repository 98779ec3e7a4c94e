import type { Progress } from './checkpointInfo.js';
import { EvenSample } from './evenSample.js';
import type { EpochResult, TrainerEvent } from './events.js';
import { accuracyOf, addAccuracy } from './metrics.js';
import type { StepTotals } from './stepRunner.js';

type StepEvent = Omit<Extract<TrainerEvent, { event: 'step' }>, 'event'>;

/** Adds up an epoch's steps: losses, accuracies, time. */
export class EpochMeter {
  private sums: Progress['sums'];
  /** Steps that the sums are of. */
  private steps: number;
  private seconds: number;
  private imagesHere = 0;
  private readonly variances = new EvenSample();
  private readonly weights = new EvenSample();

  /**
   * @param progress where the epoch resumes
   * @param before waitedMs: what the loader had waited in all before; batchSize: images per batch
   */
  constructor(
    private readonly start: Progress,
    private readonly before: { readonly waitedMs: number; readonly batchSize: number },
  ) {
    this.sums = start.sums;
    this.steps = start.step;
    this.seconds = start.seconds;
  }

  /** Adds the seconds from asking for a batch to its result. */
  addTime(seconds: number): void {
    this.seconds += seconds;
  }

  /** Adds a step. */
  add({ sums, loss, weightings }: StepTotals): void {
    this.sums = { ...addAccuracy(this.sums, sums), loss: this.sums.loss + loss };
    this.steps++;
    this.imagesHere += sums.images;
    for (const { variances, weights } of weightings) {
      this.variances.add(variances);
      this.weights.add(weights);
    }
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
  ): Pick<
    EpochResult,
    'trainLoss' | 'train' | 'imagesPerSecond' | 'seconds' | 'waitedPercent' | 'weighting'
  > {
    const { meanLoss, train, imagesPerSecond } = this.means();
    const here = this.seconds - this.start.seconds;
    const waitedPercent = here > 0 ? (waitedMs - this.before.waitedMs) / 10 / here : 0;
    const weighting = this.weights.isEmpty
      ? undefined
      : { variances: this.variances.sorted(), weights: this.weights.sorted() };
    return { trainLoss: meanLoss, train, imagesPerSecond, seconds: this.seconds, waitedPercent, weighting };
  }

  private means(): { meanLoss: number; train: EpochResult['train']; imagesPerSecond: number } {
    const here = this.seconds - this.start.seconds;
    return {
      meanLoss: this.steps === 0 ? 0 : this.sums.loss / (this.sums.images / this.before.batchSize),
      train: accuracyOf(this.sums),
      imagesPerSecond: here > 0 ? this.imagesHere / here : 0,
    };
  }
}
