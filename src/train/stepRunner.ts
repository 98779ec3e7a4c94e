import type { Batch, BatchSource, ByteBatch } from '../data/batch.js';
import { numbersOf } from '../engines/imageBytes.js';
import type { Learner } from './learner.js';
import {
  type AccuracySums,
  accuracySums,
  addAccuracy,
  NO_ACCURACY,
  numbersOfSums,
  sumsOfNumbers,
} from './metrics.js';
import type { LabelledBatch, StartedStep, StepResult, Weighting } from './stepResult.js';
import type { Teacher } from './teacher.js';
import { type WithNext, withNext } from './withNext.js';

/** A training step's figures, over all of its batches and ranks. */
export interface StepTotals {
  readonly sums: AccuracySums;
  /** Sum of the batches' losses. */
  readonly loss: number;
  readonly batches: number;
  /** How the loss weighed the points of each batch; empty where it weighs all alike. */
  readonly weightings: readonly Weighting[];
}

const NOTHING: StepTotals = { sums: NO_ACCURACY, loss: 0, batches: 0, weightings: [] };

/** A batch of numbers, or of bytes. */
export type TrainingBatch = Batch | ByteBatch;

/** A step's batch as the trainer has it. */
export interface StepOptions {
  readonly learningRate: number;
  /** Its number since the start of the run. */
  readonly step: number;
  /** Whether no batch of the epoch follows. */
  readonly isLast: boolean;
  /** The batch that follows, as {@link StepRunner.batchesOf} has it. */
  readonly next?: TrainingBatch | undefined;
}

/** A batch that was added to a step. */
export interface AddedBatch {
  /** The step's figures if it is complete. A rejection that nobody waits for is not reported. */
  readonly totals: Promise<StepTotals | undefined>;
}

/** Makes training steps of one or several batches each; see {@link Learner.backward}. */
export class StepRunner {
  private totals = NOTHING;
  /** What the learner was given of the batch that follows. */
  private ahead: { readonly batch: TrainingBatch; readonly labelled: LabelledBatch } | undefined;

  /**
   * @param accumulate batches of a step; the last step of an epoch may have fewer
   * @param teacher gives the logits that a loss with distillation takes
   */
  constructor(
    private readonly learner: Learner,
    private readonly accumulate: number,
    private readonly teacher?: Teacher,
  ) {}

  /** The batches of an epoch from the given one on, each with the next one where that goes up while a step computes. */
  batchesOf(source: BatchSource, epoch: number, start: number): AsyncIterable<WithNext<TrainingBatch>> {
    const { takesAhead = false, takesBytes = false } = this.learner.engine;
    // A teacher reads a batch's images before the learner, and as numbers.
    const looksAhead = takesAhead && this.isWhole;
    const asBytes = takesBytes && !this.teacher ? source.byteEpoch?.(epoch, start) : undefined;
    return withNext<TrainingBatch>(asBytes ?? source.epoch(epoch, start), looksAhead);
  }

  /**
   * Whether a step may be started before the figures of the one before it are here: the engine then computes it right behind. Steps of
   * one batch alone are, and those of one rank.
   */
  get runsAhead(): boolean {
    const { engine, overRanks } = this.learner;
    return (engine.runsAhead ?? false) && this.isWhole && overRanks.ranks.size === 1;
  }

  /** Whether a step is one run of the engine. */
  private get isWhole(): boolean {
    return this.accumulate === 1 && !this.teacher;
  }

  /** Whether a step has started and lacks batches. */
  get isWithinStep(): boolean {
    return this.totals.batches > 0;
  }

  /** Steps of an epoch of so many batches. */
  stepsOf(batches: number): number {
    return Math.ceil(batches / this.accumulate);
  }

  /** Number of a step's first batch, both from 0. */
  firstBatch(step: number): number {
    return step * this.accumulate;
  }

  /** Compiles the programs of the steps. */
  async prepare(step: number): Promise<void> {
    await this.learner.prepare(step, { apart: this.accumulate > 1 });
  }

  /**
   * Adds a batch to the step. Its gradients are computed at once, the update with the step's last batch.
   *
   * @returns the step's figures if it is complete
   */
  async add(batch: TrainingBatch, options: StepOptions): Promise<StepTotals | undefined> {
    return (await this.start(batch, options)).totals;
  }

  /** As {@link add}, but resolves as soon as the engine has the batch; where this {@link runsAhead}, the next one may then be started. */
  async start(batch: TrainingBatch, options: StepOptions): Promise<AddedBatch> {
    const before = this.totals;
    this.totals = NOTHING;
    const { labels, count } = batch;
    const { result } = await this.startPass(batch, options, before.batches);
    const totals = this.finish(result, { labels, count }, before, options);
    totals.catch(() => undefined);
    return { totals };
  }

  private async finish(
    result: Promise<StepResult>,
    { labels, count }: Pick<TrainingBatch, 'labels' | 'count'>,
    before: StepTotals,
    options: StepOptions,
  ): Promise<StepTotals | undefined> {
    const { classes } = this.learner.model.config;
    const { loss, logits, weighting: own } = await result;
    const sums = accuracySums(logits, labels, { classes, count });
    const weighting = own && (await this.overRanks(own));
    const totals = {
      sums: addAccuracy(before.sums, sums),
      loss: before.loss + loss,
      batches: before.batches + 1,
      weightings: weighting ? [...before.weightings, weighting] : before.weightings,
    };
    if (this.accumulate > 1 && totals.batches < this.accumulate && !options.isLast) {
      this.totals = totals;
      return undefined;
    }
    if (this.accumulate > 1) await this.learner.update(options);
    const all = await this.learner.overRanks.of(numbersOfSums(totals.sums));
    return { ...totals, sums: sumsOfNumbers(all) };
  }

  private async startPass(
    given: TrainingBatch,
    { learningRate, step, next }: StepOptions,
    index: number,
  ): Promise<StartedStep> {
    const batch = this.ahead?.batch === given ? this.ahead.labelled : await this.labelled(given);
    this.ahead = next && { batch: next, labelled: await this.labelled(next) };
    if (this.accumulate === 1)
      return this.learner.startStep(batch, { learningRate, step, next: this.ahead?.labelled });
    const result = await this.learner.backward(batch, { batch: this.firstBatch(step) + index });
    return { result: Promise.resolve(result) };
  }

  /** A batch for the learner, which leaves its labels. */
  private async labelled({ images, labels, targets }: TrainingBatch): Promise<LabelledBatch> {
    const teacherLogits = this.teacher && (await this.teacher.logits(numbersOf(images)));
    return { images, labels: targets ?? labels.slice(), teacherLogits };
  }

  private async overRanks({ variances, weights }: Weighting): Promise<Weighting> {
    return {
      variances: await this.learner.overRanks.gather(variances),
      weights: await this.learner.overRanks.gather(weights),
    };
  }
}
