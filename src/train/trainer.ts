import { numbersOf } from '../engines/imageBytes.js';
import { UsageError } from '../errors.js';
import { NO_PROGRESS, type Progress } from './checkpointInfo.js';
import type { CheckpointKind } from './checkpoints.js';
import { checkEarlyStop, type Evaluations, watch } from './earlyStop.js';
import { EpochMeter } from './epochMeter.js';
import { type EpochHooks, EpochSteps } from './epochSteps.js';
import { batchesFor, evaluate } from './evaluate.js';
import type { EpochResult, TrainerEvent, TrainerListener } from './events.js';
import { type Accuracy, betterTop1 } from './metrics.js';
import { expectFiniteLoss, expectFiniteValues } from './overflow.js';
import type { RunLength } from './runLength.js';
import { StepRunner, type StepTotals, type TrainingBatch } from './stepRunner.js';
import type { TrainerOptions } from './trainerOptions.js';

/** How a run ended: complete, or stopped after a step because {@link Trainer.stop} was called. */
export type TrainerOutcome = 'complete' | 'interrupted';

/**
 * Trains: epochs of steps, an evaluation after each, checkpoints. A resumed run gives bit for bit the
 * result of an uninterrupted one.
 */
export class Trainer {
  private progress: Progress;
  private length: RunLength;
  private isRunning = false;
  private stopping = false;
  private hasBatch = false;
  /** Of the present step so far. */
  private stepSeconds = 0;
  private readonly steps: StepRunner;
  private readonly listeners: TrainerListener[];

  /** @throws UsageError when `accumulate` or `earlyStop.patience` is not a positive whole number, or `earlyStop` watches what is not kept */
  constructor(private readonly options: TrainerOptions) {
    this.progress = options.progress ?? NO_PROGRESS;
    this.listeners = [...(options.listeners ?? [])];
    const { accumulate = 1, epochs, schedule, info } = options;
    this.length = { epochs, schedule, config: info.config };
    if (options.earlyStop) checkEarlyStop(options.earlyStop, options.learner.isAveraged);
    if (!Number.isSafeInteger(accumulate) || accumulate < 1)
      throw new UsageError(`accumulate must be a whole number of at least 1, not ${accumulate}`);
    this.steps = new StepRunner(options.learner, accumulate, options.teacher);
  }

  /** Adds a listener. What it throws ends the run. */
  listen(listener: TrainerListener): void {
    this.listeners.push(listener);
  }

  /**
   * Ends the run after the current step, all of its batches included, with a checkpoint. On an engine that runs ahead that may be the
   * step behind the one whose event came last.
   */
  stop(): void {
    this.stopping = true;
  }

  /**
   * Runs to the end. A new run with checkpoints writes its first when it has a batch, before any step: an unwritable folder is
   * noticed soon, there always is a checkpoint to resume from, and data that cannot be read leaves none.
   *
   * @throws UserError when the loss, or a value of the model at the end of an epoch, is not finite (the last checkpoint stays), or a checkpoint cannot be written
   * @throws UsageError while it is running
   */
  async run(): Promise<TrainerOutcome> {
    if (this.isRunning) throw new UsageError('the trainer is running already');
    this.isRunning = true;
    return this.runToEnd().finally(() => {
      this.isRunning = false;
    });
  }

  private async runToEnd(): Promise<TrainerOutcome> {
    const { learner, test } = this.options;
    this.announce();
    if (this.hasMore) {
      await this.freeze();
      await this.steps.prepare(this.progress.globalStep);
    }
    let last: Accuracy | undefined;
    while (this.hasMore) {
      last = await this.epoch();
      if (!last) return this.interrupted();
    }
    const accuracy =
      last ?? (await evaluate(learner, batchesFor(learner, test), { stopped: () => this.stopping }));
    if (!accuracy) return this.interrupted();
    const bestTop1 = Math.max(0, this.progress.bestTop1);
    this.reportEarlyStop();
    this.emit({ event: 'result', ...accuracy, parameters: learner.model.parameterCount, bestTop1 });
    return 'complete';
  }

  /** Whether there is another epoch. */
  private get hasMore(): boolean {
    const { earlyStop } = this.options;
    return this.progress.epoch < this.length.epochs && !(earlyStop && this.staleEpochs >= earlyStop.patience);
  }

  private get staleEpochs(): number {
    return this.progress.watched?.staleEpochs ?? 0;
  }

  private reportEarlyStop(): void {
    const { earlyStop } = this.options;
    const { epoch } = this.progress;
    if (!earlyStop || epoch >= this.length.epochs) return;
    const { metric = 'top1' } = earlyStop;
    this.emit({ event: 'earlyStop', epoch, metric, staleEpochs: this.staleEpochs });
  }

  private announce(): void {
    const { learner, images } = this.options;
    this.emit({
      event: 'start',
      epochs: this.length.epochs,
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
    const { train, learner, threads } = this.options;
    const { epoch, step } = this.progress;
    const start = performance.now();
    await this.freeze();
    const batchSize = learner.batchSize * learner.overRanks.ranks.size;
    const meter = new EpochMeter(this.progress, { waitedMs: train.waitedMs, batchSize });
    // What changes threads between two steps needs both apart.
    const steps = new EpochSteps(this.steps, this.hooks(meter), this.steps.runsAhead && !threads);
    await steps.run(train, epoch, step);
    if (await learner.overRanks.any(this.stopping)) return undefined;
    await expectFiniteValues(await learner.stateDict(), this.place);
    const results = await this.evaluate();
    if (results) await this.finishEpoch(meter, results, start);
    return results?.test;
  }

  private hooks(meter: EpochMeter): EpochHooks {
    const { learner, checkpoints } = this.options;
    return {
      isStopped: () => learner.overRanks.any(this.stopping),
      onBatch: async (batch) => {
        if (!this.hasBatch) await this.begin(batch);
      },
      stepAfter: (steps) => ({
        learningRate: this.learningRate(this.progress.step + steps),
        step: this.progress.globalStep + steps,
      }),
      addTime: (seconds) => {
        meter.addTime(seconds);
        this.stepSeconds += seconds;
      },
      finishStep: (totals, learningRate) => this.finishStep(meter, totals, learningRate),
      isSaveDue: () => checkpoints?.isDue ?? false,
      save: () => this.save('last'),
    };
  }

  /** Evaluates the weights, and their average if one is kept; undefined if the run was stopped meanwhile. */
  private async evaluate(): Promise<Evaluations | undefined> {
    const { learner, test, images } = this.options;
    const total = images.test;
    const { epoch } = this.progress;
    const accuracyOf = (averaged: boolean): Promise<Accuracy | undefined> =>
      evaluate(learner, batchesFor(learner, test), {
        averaged,
        stopped: () => this.stopping,
        onProgress: (done) => this.emit({ event: 'evaluation', epoch, images: Math.min(done, total), total }),
      });
    const own = await accuracyOf(false);
    if (!own || !learner.isAveraged) return own && { test: own };
    const average = await accuracyOf(true);
    return average && { test: own, average };
  }

  private async begin(batch: TrainingBatch): Promise<void> {
    this.hasBatch = true;
    const shown = { ...batch, images: numbersOf(batch.images) };
    this.emit({ event: 'batch', globalStep: this.progress.globalStep, batch: shown });
    if (this.options.progress === undefined) await this.save('last');
  }

  /** Freezes what is frozen in the current epoch. */
  private async freeze(): Promise<void> {
    const { learner, freezing } = this.options;
    if (!freezing) return;
    const { names, until = Number.POSITIVE_INFINITY } = freezing;
    await learner.freeze(this.progress.epoch < until ? names : new Set());
  }

  private async finishStep(meter: EpochMeter, totals: StepTotals, learningRate: number): Promise<void> {
    const loss = totals.loss / totals.batches;
    expectFiniteLoss(loss, this.place);
    meter.add(totals);
    this.progress = meter.progress(this.progress);
    this.emit({ event: 'step', ...meter.stepEvent(this.progress, loss, learningRate) });
    await this.changeThreads();
  }

  /** Takes another number of threads, before a checkpoint of the step is written: a run that is resumed there has it. */
  private async changeThreads(): Promise<void> {
    const { learner, teacher, threads } = this.options;
    const { epoch, globalStep } = this.progress;
    const change = await threads?.after(globalStep, this.stepSeconds);
    this.stepSeconds = 0;
    if (!change) return;
    await teacher?.release?.();
    await learner.useThreads(change.threads);
    this.emit({ event: 'threads', epoch, globalStep, ...change });
    await this.steps.prepare(globalStep);
  }

  /**
   * Reports an epoch and writes its checkpoints. In this order a run that is killed in between repeats
   * the end of the epoch, and its log has no gap.
   */
  private async finishEpoch(meter: EpochMeter, results: Evaluations, start: number): Promise<void> {
    const { test, average } = results;
    const { train, checkpoints, earlyStop } = this.options;
    const { epoch, globalStep } = this.progress;
    const { bestTop1: before, bestAverageTop1: averageBefore = -1 } = this.progress;
    const bestTop1 = betterTop1(test, before);
    const bestAverageTop1 = average && betterTop1(average, averageBefore);
    const improved = { best: bestTop1 > before, bestAverage: (bestAverageTop1 ?? -1) > averageBefore };
    const learningRate = this.learningRate(this.stepsPerEpoch - 1);
    const figures: EpochResult = {
      ...meter.result(train.waitedMs),
      epoch,
      ...results,
      bestTop1: Math.max(0, bestTop1),
      learningRate,
    };
    this.emit({ event: 'epoch', ...figures });
    const watched = earlyStop && watch(this.progress.watched, earlyStop, results);
    const next = { ...NO_PROGRESS, epoch: epoch + 1, globalStep, bestTop1, lastTop1: test.top1 };
    this.progress = {
      ...next,
      ...(watched && { watched }),
      ...(bestAverageTop1 !== undefined && { bestAverageTop1 }),
    };
    await this.changeLength((performance.now() - start) / 1000);
    for (const kind of checkpoints?.kindsAfter(epoch, improved) ?? []) await this.save(kind, epoch);
  }

  /** Takes another length, before the epoch's checkpoint is written: a run that is resumed there has it. */
  private async changeLength(seconds: number): Promise<void> {
    const next = await this.options.lengthAfter?.(this.progress.epoch, seconds);
    if (!next) return;
    this.emit({ event: 'length', epochs: next.epochs, before: this.length.epochs });
    this.length = next;
  }

  private learningRate(step = this.progress.step): number {
    return this.length.schedule(this.progress.epoch, step, this.stepsPerEpoch);
  }

  /** Steps, not batches. */
  private get stepsPerEpoch(): number {
    return this.steps.stepsOf(this.options.train.stepsPerEpoch);
  }

  private get place(): Parameters<typeof expectFiniteLoss>[1] {
    return { progress: this.progress, run: this.options };
  }

  private async interrupted(): Promise<TrainerOutcome> {
    const path = (await this.save('last')) ?? '';
    this.emit({ event: 'interrupted', epoch: this.progress.epoch, step: this.progress.step, path });
    return 'interrupted';
  }

  private async save(kind: CheckpointKind, epoch = this.progress.epoch): Promise<string | undefined> {
    const { checkpoints, learner, info, threads } = this.options;
    if (!checkpoints) return undefined;
    const { config: _, classWeights, ...description } = info;
    const training = {
      progress: this.progress,
      config: this.length.config,
      engine: learner.engine.description,
      choices: (await learner.engine.choices?.()) ?? {},
      ...(threads && { threads: threads.history }),
      ...(classWeights && { classWeights }),
    };
    const path = await checkpoints.save(kind, learner, { ...description, training }, epoch);
    this.emit({ event: 'checkpoint', path, kind });
    return path;
  }

  private emit(event: TrainerEvent): void {
    for (const listener of this.listeners) listener(event);
  }
}
