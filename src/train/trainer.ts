import type { Batch, BatchSource } from '../data/batch.js';
import { UsageError, UserError } from '../errors.js';
import type { Schedule } from '../optim/schedule.js';
import type { CheckpointInfo, Progress } from './checkpointInfo.js';
import type { CheckpointKind, Checkpoints } from './checkpoints.js';
import { EpochMeter } from './epochMeter.js';
import { evaluate } from './evaluate.js';
import type { EpochResult, TrainerEvent, TrainerListener } from './events.js';
import { firstNotFinite } from './finite.js';
import type { Learner } from './learner.js';
import { type Accuracy, NO_ACCURACY } from './metrics.js';
import { StepRunner, type StepTotals } from './stepRunner.js';

/** Options of a trainer. */
export interface TrainerOptions {
  readonly learner: Learner;
  readonly train: BatchSource;
  readonly test: BatchSource;
  /** Images of the sets, for events. */
  readonly images: { readonly train: number; readonly test: number };
  readonly schedule: Schedule;
  readonly epochs: number;
  /**
   * Batches per step: their gradients are averaged, so that a step equals one with a batch that is this many times larger, except
   * for what depends on batch statistics. Default 1. The last step of an epoch takes the remaining batches.
   */
  readonly accumulate?: number | undefined;
  /** Where checkpoints go; without it none are written. */
  readonly checkpoints?: Checkpoints | undefined;
  /** Contents of checkpoints besides the tensors and the progress. */
  readonly info: Omit<CheckpointInfo, 'training'> & { readonly config: Readonly<Record<string, unknown>> };
  /** Where to resume; without it the run is new. */
  readonly progress?: Progress | undefined;
  readonly listeners?: readonly TrainerListener[];
}

/** How a run ended: complete, or stopped after a step because {@link Trainer.stop} was called. */
export type TrainerOutcome = 'complete' | 'interrupted';

/** The progress of a run that has not started. */
export const NO_PROGRESS: Progress = {
  epoch: 0,
  step: 0,
  globalStep: 0,
  bestTop1: -1,
  sums: { ...NO_ACCURACY, loss: 0 },
  seconds: 0,
};

/**
 * Trains: epochs of steps, an evaluation after each, checkpoints. A resumed run gives bit for bit the
 * result of an uninterrupted one.
 */
export class Trainer {
  private progress: Progress;
  private stopping = false;
  private hasShownBatch = false;
  private readonly steps: StepRunner;
  private readonly listeners: TrainerListener[];

  /** @throws UsageError when `accumulate` is not a positive whole number */
  constructor(private readonly options: TrainerOptions) {
    this.progress = options.progress ?? NO_PROGRESS;
    this.listeners = [...(options.listeners ?? [])];
    const { accumulate = 1 } = options;
    if (!Number.isSafeInteger(accumulate) || accumulate < 1)
      throw new UsageError(`accumulate must be a whole number of at least 1, not ${accumulate}`);
    this.steps = new StepRunner(options.learner, accumulate);
  }

  /** Adds a listener. What it throws ends the run. */
  listen(listener: TrainerListener): void {
    this.listeners.push(listener);
  }

  /** Ends the run after the current step, all of its batches included, with a checkpoint. */
  stop(): void {
    this.stopping = true;
  }

  /**
   * Runs to the end. A new run with checkpoints writes its first before any step, so that an unwritable
   * folder is noticed at once and there always is a checkpoint to resume from.
   *
   * @throws UserError when the loss, or a value of the model at the end of an epoch, is not finite (the last checkpoint stays), or a checkpoint cannot be written
   */
  async run(): Promise<TrainerOutcome> {
    const { learner, test } = this.options;
    this.announce();
    if (this.options.progress === undefined) await this.save('last');
    if (this.progress.epoch < this.options.epochs) await this.steps.prepare(this.progress.globalStep);
    let last: Accuracy | undefined;
    while (this.progress.epoch < this.options.epochs) {
      last = await this.epoch();
      if (!last) return this.interrupted();
    }
    const accuracy = last ?? (await evaluate(learner, test.epoch(0), { stopped: () => this.stopping }));
    if (!accuracy) return this.interrupted();
    const { bestTop1 } = this.progress;
    this.emit({ event: 'result', ...accuracy, parameters: learner.model.parameterCount, bestTop1 });
    return 'complete';
  }

  private announce(): void {
    const { learner, images, epochs } = this.options;
    this.emit({
      event: 'start',
      epochs,
      stepsPerEpoch: this.stepsPerEpoch,
      trainImages: images.train,
      testImages: images.test,
      parameters: learner.model.parameterCount,
      engine: learner.engine.description,
      epoch: this.progress.epoch,
      step: this.progress.step,
    });
  }

  /** The rest of the current epoch and its evaluation; undefined if the run was stopped meanwhile. */
  private async epoch(): Promise<Accuracy | undefined> {
    const { train, learner, test, images, checkpoints } = this.options;
    const { epoch, step } = this.progress;
    const meter = new EpochMeter(this.progress, { waitedMs: train.waitedMs, batchSize: learner.batchSize });
    let number = this.steps.firstBatch(step);
    let begin = performance.now();
    for await (const batch of train.epoch(epoch, number)) {
      if (this.stopping && !this.steps.isWithinStep) return undefined;
      this.showFirst(batch);
      const isLast = ++number === train.stepsPerEpoch;
      const learningRate = this.learningRate();
      const totals = await this.steps.add(batch, { learningRate, step: this.progress.globalStep, isLast });
      meter.addTime((performance.now() - begin) / 1000);
      if (totals) this.finishStep(meter, totals, learningRate);
      if (totals && checkpoints?.isDue) await this.save('last');
      begin = performance.now();
    }
    if (this.stopping) return undefined;
    await this.checkValues();
    const accuracy = await evaluate(learner, test.epoch(0), {
      stopped: () => this.stopping,
      onProgress: (done) => this.emit({ event: 'evaluation', epoch, images: done, total: images.test }),
    });
    if (accuracy) await this.finishEpoch(meter, accuracy);
    return accuracy;
  }

  private showFirst(batch: Batch): void {
    if (this.hasShownBatch) return;
    this.hasShownBatch = true;
    this.emit({ event: 'batch', globalStep: this.progress.globalStep, batch });
  }

  private finishStep(meter: EpochMeter, totals: StepTotals, learningRate: number): void {
    const loss = totals.loss / totals.batches;
    this.checkFinite(loss);
    meter.add(totals);
    this.progress = meter.progress(this.progress);
    this.emit({ event: 'step', ...meter.stepEvent(this.progress, loss, learningRate) });
  }

  /**
   * Reports an epoch and writes its checkpoints. In this order a run that is killed in between repeats
   * the end of the epoch, and its log has no gap.
   */
  private async finishEpoch(meter: EpochMeter, test: Accuracy): Promise<void> {
    const { train, checkpoints } = this.options;
    const { epoch, globalStep } = this.progress;
    const improved = test.top1 > this.progress.bestTop1;
    const bestTop1 = Math.max(test.top1, this.progress.bestTop1);
    const learningRate = this.learningRate(this.stepsPerEpoch - 1);
    const figures: EpochResult = { ...meter.result(train.waitedMs), epoch, test, bestTop1, learningRate };
    this.emit({ event: 'epoch', ...figures });
    this.progress = { ...NO_PROGRESS, epoch: epoch + 1, globalStep, bestTop1, lastTop1: test.top1 };
    for (const kind of checkpoints?.kindsAfter(epoch, improved) ?? []) await this.save(kind, epoch);
  }

  private learningRate(step = this.progress.step): number {
    return this.options.schedule(this.progress.epoch, step, this.stepsPerEpoch);
  }

  /** Steps, not batches. */
  private get stepsPerEpoch(): number {
    return this.steps.stepsOf(this.options.train.stepsPerEpoch);
  }

  private checkFinite(loss: number): void {
    if (Number.isFinite(loss)) return;
    const { epoch, step } = this.progress;
    throw this.overflow(`the loss is ${loss} at step ${step} of epoch ${epoch + 1}`);
  }

  /** A finite loss does not prove finite values: oneDNN's ReLU makes 0 of NaN. */
  private async checkValues(): Promise<void> {
    const broken = await firstNotFinite(await this.options.learner.stateDict());
    if (broken !== undefined)
      throw this.overflow(`${broken} is no longer finite in epoch ${this.progress.epoch + 1}`);
  }

  private overflow(finding: string): UserError {
    const kept = this.options.checkpoints ? '; the last checkpoint is kept' : '';
    return new UserError(`${finding}${kept}: try a lower learning rate`);
  }

  private async interrupted(): Promise<TrainerOutcome> {
    const path = (await this.save('last')) ?? '';
    this.emit({ event: 'interrupted', epoch: this.progress.epoch, step: this.progress.step, path });
    return 'interrupted';
  }

  private async save(kind: CheckpointKind, epoch = this.progress.epoch): Promise<string | undefined> {
    const { checkpoints, learner, info } = this.options;
    if (!checkpoints) return undefined;
    const { config, ...description } = info;
    const training = { progress: this.progress, config };
    const path = await checkpoints.save(kind, learner, { ...description, training }, epoch);
    this.emit({ event: 'checkpoint', path, kind });
    return path;
  }

  private emit(event: TrainerEvent): void {
    for (const listener of this.listeners) listener(event);
  }
}
