import type { Loader } from '../data/loader.js';
import { UserError } from '../errors.js';
import type { Schedule } from '../optim/schedule.js';
import type { CheckpointInfo, Progress } from './checkpoint.js';
import { EpochMeter } from './epochMeter.js';
import { evaluate } from './evaluate.js';
import type { EpochResult, TrainerEvent, TrainerListener } from './events.js';
import type { Learner } from './learner.js';
import { type Accuracy, accuracySums, NO_ACCURACY } from './metrics.js';
import type { RunCheckpoints } from './runCheckpoints.js';

/** What a trainer is made of. */
export interface TrainerOptions {
  readonly learner: Learner;
  readonly train: Loader;
  readonly test: Loader;
  /** Pictures of the sets, for events. */
  readonly images: { readonly train: number; readonly test: number };
  readonly schedule: Schedule;
  readonly epochs: number;
  /** Where checkpoints go; without it none are written. */
  readonly checkpoints?: RunCheckpoints | undefined;
  /** What checkpoints say besides the tensors and the progress. */
  readonly info: Omit<CheckpointInfo, 'training'> & { readonly config: Readonly<Record<string, unknown>> };
  /** Where to go on; default: the beginning. */
  readonly progress?: Progress | undefined;
  readonly listeners?: readonly TrainerListener[];
}

/** How a run ended: complete, or stopped after a step because {@link Trainer.stop} was called. */
export type TrainerOutcome = 'complete' | 'interrupted';

/** The progress of a run that has not begun. */
export const NO_PROGRESS: Progress = {
  epoch: 0,
  step: 0,
  globalStep: 0,
  bestTop1: -1,
  sums: { ...NO_ACCURACY, loss: 0 },
  seconds: 0,
};

/**
 * Trains: epochs of steps, an evaluation after each, checkpoints. A run that goes on from a checkpoint
 * gives bit for bit what it would have given without the break.
 */
export class Trainer {
  private progress: Progress;
  private stopping = false;

  constructor(private readonly options: TrainerOptions) {
    this.progress = options.progress ?? NO_PROGRESS;
  }

  /** Asks the run to end after the step in progress, with a checkpoint. */
  stop(): void {
    this.stopping = true;
  }

  /**
   * Runs to the end.
   *
   * @throws UserError when the loss is not finite (the last checkpoint stays), or a checkpoint cannot be written
   */
  async run(): Promise<TrainerOutcome> {
    this.announce();
    let last: Accuracy | undefined;
    while (this.progress.epoch < this.options.epochs) {
      const result = await this.epoch();
      if (!result) return this.interrupted();
      last = result.test;
      this.emit({ event: 'epoch', ...result });
    }
    const { learner } = this.options;
    const test = last ?? (await evaluate(learner, this.options.test.epoch(0)));
    if (!test) return this.interrupted();
    this.emit({
      event: 'result',
      ...test,
      parameters: learner.model.parameterCount,
      bestTop1: this.progress.bestTop1,
    });
    return 'complete';
  }

  private announce(): void {
    const { learner, train, images, epochs } = this.options;
    this.emit({
      event: 'start',
      epochs,
      stepsPerEpoch: train.stepsPerEpoch,
      trainImages: images.train,
      testImages: images.test,
      parameters: learner.model.parameterCount,
      engine: learner.engine.description,
      epoch: this.progress.epoch,
      step: this.progress.step,
    });
  }

  /** The rest of the present epoch and its evaluation; undefined if the run was stopped on the way. */
  private async epoch(): Promise<EpochResult | undefined> {
    const { train, learner, test } = this.options;
    const { epoch } = this.progress;
    const meter = new EpochMeter(this.progress, train.waitedMs);
    for await (const batch of train.epoch(epoch, this.progress.step)) {
      if (this.stopping) return undefined;
      const rate = this.learningRate();
      const { labels } = batch;
      const result = await learner.step(
        { images: batch.images, labels: labels.slice() },
        { learningRate: rate, step: this.progress.globalStep },
      );
      this.checkFinite(result.loss);
      const { classes } = learner.model.config;
      meter.add(accuracySums(result.logits, labels, { classes, count: batch.count }), result.loss);
      this.progress = meter.progress(this.progress);
      this.emit({ event: 'step', ...meter.stepEvent(this.progress, result.loss, rate) });
      await this.options.checkpoints?.saveIfDue(() => this.save('last'));
    }
    if (this.stopping) return undefined;
    const accuracy = await evaluate(learner, test.epoch(0), {
      stopped: () => this.stopping,
      onProgress: (images) =>
        this.emit({ event: 'evaluation', epoch, images, total: this.options.images.test }),
    });
    return accuracy && this.finishEpoch(meter, accuracy);
  }

  private async finishEpoch(meter: EpochMeter, test: Accuracy): Promise<EpochResult> {
    const { epoch, globalStep } = this.progress;
    const improved = test.top1 > this.progress.bestTop1;
    const bestTop1 = Math.max(test.top1, this.progress.bestTop1);
    const learningRate = this.learningRate(this.options.train.stepsPerEpoch - 1);
    const result = { ...meter.result(this.options.train.waitedMs), epoch, test, bestTop1, learningRate };
    this.progress = { ...NO_PROGRESS, epoch: epoch + 1, globalStep, bestTop1 };
    await this.options.checkpoints?.epochDone(epoch, improved, (kind) => this.save(kind, epoch));
    return result;
  }

  private learningRate(step = this.progress.step): number {
    return this.options.schedule(this.progress.epoch, step, this.options.train.stepsPerEpoch);
  }

  private checkFinite(loss: number): void {
    if (Number.isFinite(loss)) return;
    const { epoch, step } = this.progress;
    const kept = this.options.checkpoints ? '; the last checkpoint is kept' : '';
    throw new UserError(
      `the loss is ${loss} at step ${step} of epoch ${epoch}${kept}: try a lower learning rate`,
    );
  }

  private async interrupted(): Promise<TrainerOutcome> {
    const path = (await this.save('last')) ?? '';
    this.emit({ event: 'interrupted', epoch: this.progress.epoch, step: this.progress.step, path });
    return 'interrupted';
  }

  private async save(kind: 'last' | 'best' | 'epoch', epoch?: number): Promise<string | undefined> {
    const { checkpoints, learner, info } = this.options;
    if (!checkpoints) return undefined;
    const { config, ...description } = info;
    const path = await checkpoints.save(
      kind,
      learner,
      { ...description, training: { progress: this.progress, config } },
      epoch,
    );
    this.emit({ event: 'checkpoint', path, kind });
    return path;
  }

  private emit(event: TrainerEvent): void {
    for (const listener of this.options.listeners ?? []) listener(event);
  }
}
