import type { BatchSource } from '../data/batch.js';
import type { AddedBatch, StepOptions, StepRunner, StepTotals, TrainingBatch } from './stepRunner.js';

/** What a trainer does around the steps of an epoch. */
export interface EpochHooks {
  /** Whether the run ends before its next step. */
  isStopped(): Promise<boolean>;
  /** Called before a batch is computed. */
  onBatch(batch: TrainingBatch): Promise<void>;
  /** The step that comes so many steps after the next one to be finished. */
  stepAfter(steps: number): Pick<StepOptions, 'learningRate' | 'step'>;
  /** Takes seconds that a batch took, with the wait for it. */
  addTime(seconds: number): void;
  /** Takes a step's figures, in order. */
  finishStep(totals: StepTotals, learningRate: number): Promise<void>;
  /** Whether a checkpoint is to be written. */
  isSaveDue(): boolean;
  /** Writes it. No step is in progress. */
  save(): Promise<unknown>;
}

/** A batch that the engine has. */
interface Started extends AddedBatch {
  readonly learningRate: number;
}

/**
 * The steps of an epoch. Where the engine runs ahead, one is started before the figures of the one before it are read, so that there is no
 * pause between the two; a checkpoint, the end of the run and an error wait for all.
 */
export class EpochSteps {
  /** In order. */
  private readonly started: Started[] = [];
  private begin = performance.now();

  /** @param runsAhead whether one step may be started while another one is in progress */
  constructor(
    private readonly runner: StepRunner,
    private readonly hooks: EpochHooks,
    private readonly runsAhead: boolean,
  ) {}

  /**
   * Makes the steps from the given one on, until the epoch or the run ends; all are finished then.
   *
   * @throws what a step or a hook throws: what was started behind it is not finished
   */
  async run(source: BatchSource, epoch: number, step: number): Promise<void> {
    try {
      await this.runFrom(source, epoch, this.runner.firstBatch(step));
      await this.finishAll();
    } catch (error) {
      // The figures of the steps before it come first.
      await this.finishAll();
      throw error;
    }
  }

  private async runFrom(source: BatchSource, epoch: number, first: number): Promise<void> {
    const { runner, hooks } = this;
    let batches = first;
    this.begin = performance.now();
    for await (const { item: batch, next } of runner.batchesOf(source, epoch, first)) {
      if (hooks.isSaveDue()) await this.finishAll();
      if (!runner.isWithinStep && (await hooks.isStopped())) return;
      await hooks.onBatch(batch);
      const isLast = ++batches === source.stepsPerEpoch;
      const { learningRate, step } = hooks.stepAfter(this.started.length);
      const added = await runner.start(batch, { learningRate, step, isLast, next });
      this.started.push({ ...added, learningRate });
      if (!this.runsAhead || this.started.length > 1) await this.finishFirst();
    }
  }

  private async finishAll(): Promise<void> {
    while (this.started.length > 0) await this.finishFirst();
  }

  private async finishFirst(): Promise<void> {
    const { totals: awaited, learningRate } = this.started.shift()!;
    try {
      const totals = await awaited;
      const now = performance.now();
      this.hooks.addTime((now - this.begin) / 1000);
      // The step behind it is computed meanwhile.
      this.begin = now;
      if (totals) await this.hooks.finishStep(totals, learningRate);
      if (this.started.length > 0) return;
      if (totals && this.hooks.isSaveDue()) await this.hooks.save();
      this.begin = performance.now();
    } catch (error) {
      await Promise.allSettled(this.started.splice(0).map(({ totals }) => totals));
      throw error;
    }
  }
}
