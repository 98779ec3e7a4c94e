import type { Engine, Variables } from '../engines/engine.js';
import type { ImageBytes } from '../engines/imageBytes.js';
import { UsageError } from '../errors.js';
import type { TensorData } from '../graph/tensorType.js';
import type { Loss } from '../losses/loss.js';
import type { Model } from '../models/model.js';
import type { StateEntry } from '../nn/module.js';
import { averagedEntries, averageName } from './averages.js';
import type { Predictions } from './classifier.js';
import { expectFiniteImages } from './finite.js';
import { LearnerEvaluation } from './learnerEvaluation.js';
import { checkLearnerOptions, type LearnerOptions, type LearnerStep } from './learnerOptions.js';
import { PassCounters } from './passCounters.js';
import { type EvaluationOptions, gradientName } from './programs.js';
import { RankSums } from './rankSums.js';
import { checkStateDict, floatsOf, namedState, type StateDictTensors } from './stateDict.js';
import { StepExecutables } from './stepExecutables.js';
import {
  type GradientResult,
  inputsOfBatch,
  type LabelledBatch,
  normOf,
  type StartedStep,
  type StepResult,
  stepResultOf,
} from './stepResult.js';
import { TrainingState } from './trainingState.js';
import { WholeSteps } from './wholeSteps.js';

/**
 * A model in training on an engine: its values, the state of loss and optimiser, and the compiled programs
 * of training and evaluation. Programs are compiled when first needed.
 */
export class Learner {
  private readonly counters = new PassCounters((name) => this.executables.isFrozen(name));
  private readonly executables: StepExecutables;
  /** Batches whose gradients have not been used by an update yet. */
  private accumulated = 0;
  private readonly wholeSteps: WholeSteps;
  private readonly evaluation: LearnerEvaluation;
  private readonly training: TrainingState;
  /** Sums over ranks, which all must ask for at the same point. */
  readonly overRanks: RankSums;

  private constructor(
    private readonly options: LearnerOptions,
    private readonly entries: readonly StateEntry[],
    /** The model's values. */
    private readonly values: Variables,
  ) {
    const { engine, loss, optimizer } = options;
    checkLearnerOptions(options);
    this.overRanks = new RankSums(engine, options.ranks);
    const averaged = this.isAveraged ? { entries: averagedEntries(options.model), values } : undefined;
    this.training = new TrainingState(engine, entries, loss, optimizer, averaged);
    this.evaluation = new LearnerEvaluation({ ...options, batchSize: this.evaluationBatchSize });
    const parts = { ...options, optimizer: this.training.countingOptimizer };
    this.executables = new StepExecutables(parts, async () => [values, await this.training.allocate()]);
    this.wholeSteps = new WholeSteps(options, this.executables, this.training, this.counters);
  }

  /** Makes a learner with initial values drawn from the seed. */
  static async create(options: LearnerOptions): Promise<Learner> {
    const entries = options.model.stateEntries();
    const values = await options.engine.variables(entries.filter(({ kind }) => kind !== 'counter'));
    try {
      const learner = new Learner(options, entries, values);
      await learner.initialise();
      return learner;
    } catch (error) {
      await values.dispose();
      throw error;
    }
  }

  get model(): Model {
    return this.options.model;
  }

  get loss(): Loss {
    return this.options.loss;
  }

  get engine(): Engine {
    return this.options.engine;
  }

  /** Images of a batch; of several ranks, of this one's part. */
  get batchSize(): number {
    return this.options.batchSize;
  }

  get evaluationBatchSize(): number {
    return this.options.evaluationBatchSize ?? this.options.batchSize;
  }

  /**
   * Compiles a training step, so that the first takes no longer than the others.
   *
   * @param step its number since the start of the run
   * @param options apart: for {@link backward} and {@link update} instead of {@link step}
   */
  async prepare(step = 0, options: { readonly apart?: boolean } = {}): Promise<void> {
    if (!options.apart) {
      await this.executables.step(step);
      return;
    }
    await this.executables.backward(step);
    await this.executables.update();
    await this.executables.clear();
  }

  /**
   * Leaves state entries of these names as they are from now on, batch statistics among them, and trains all others. Programs
   * are compiled anew where that changes; the optimiser's state stays, and updates that a parameter misses do not count as its own.
   */
  async freeze(names: ReadonlySet<string>): Promise<void> {
    this.accumulated = 0;
    await this.executables.freeze(names);
    this.training.freeze(names);
  }

  /** Computes on another number of threads from the next step on, unless the engine's is fixed; others' programs on it must be closed. */
  async useThreads(threads: number): Promise<void> {
    await this.endEvaluation();
    await this.executables.releaseAll();
    await this.engine.useThreads?.(threads);
  }

  /**
   * One training step: forward, backward, update.
   *
   * @param batch exactly `batchSize` images
   * @throws UserError when a value of an image, or the learning rate, is not finite
   */
  async step(batch: LabelledBatch, options: LearnerStep): Promise<StepResult> {
    return (await this.startStep(batch, options)).result;
  }

  /**
   * As {@link step}, but resolves as soon as the engine has the step: another one may be started before the first's result is here, and
   * engines with {@link Engine.runsAhead} begin it as soon as the first is done. If a step fails, discard the results of those started after it.
   */
  startStep(batch: LabelledBatch, options: LearnerStep): Promise<StartedStep> {
    return this.wholeSteps.start(batch, options);
  }

  /**
   * The first half of a training step: forward and backward. Statistics and the loss's state get their new values; the gradients are
   * added to those of earlier calls, in the engine, until {@link update} uses them. They are not part of {@link trainingState}.
   *
   * @param batch exactly `batchSize` images
   * @param options batch: number of the batch since the start of the run, on which dropout's random numbers depend
   * @throws UserError when a value of an image is not finite
   */
  async backward(batch: LabelledBatch, options: { readonly batch: number }): Promise<StepResult> {
    const { seed = 0 } = this.options;
    expectFiniteImages(batch.images, this.batchSize);
    const executable = await this.executables.backward(this.training.steps);
    const before = this.accumulated;
    // If this fails, the next call starts from zero.
    this.accumulated = 0;
    if (before === 0) await (await this.executables.clear()).run({});
    const result = stepResultOf(await executable.run(inputsOfBatch(batch), { seed, step: options.batch }));
    this.accumulated = before + 1;
    this.counters.count();
    return result;
  }

  /**
   * The second half: updates the parameters with the mean of the gradients since the last update, which for batches of
   * equal size is the gradient of all their images together.
   *
   * @throws UsageError when there are no gradients, or the learning rate is not finite
   */
  async update(options: { readonly learningRate: number }): Promise<{ readonly gradientNorm?: number }> {
    if (this.accumulated === 0) throw new UsageError('there are no gradients: call backward before update');
    const gradientScale = Float32Array.of(1 / this.accumulated);
    const inputs = { gradientScale, ...this.training.updateInputs(options.learningRate) };
    const executable = await this.executables.update();
    this.accumulated = 0;
    const outputs = await executable.run(inputs);
    this.training.countStep();
    return normOf(outputs);
  }

  /**
   * Losses, logits and every parameter's gradient for one batch of `batchSize`, in training mode, without an update.
   *
   * @throws UserError when a value of an image is not finite
   */
  async gradients(batch: LabelledBatch, options: { readonly step?: number } = {}): Promise<GradientResult> {
    const { seed = 0 } = this.options;
    expectFiniteImages(batch.images, this.batchSize);
    const executable = await this.executables.gradients();
    const outputs = await executable.run(inputsOfBatch(batch), { seed, step: options.step ?? 0 });
    const gradients = new Map(
      this.executables.trained.map(({ name }) => [name, outputs[gradientName(name)] as Float32Array]),
    );
    return { ...stepResultOf(outputs), featureVariance: outputs.featureVariance as Float32Array, gradients };
  }

  /**
   * Prepares evaluation of the current values: they become constants of the program, with batch normalisation
   * folded into convolutions. {@link predict} uses them until {@link endEvaluation}.
   *
   * @param also outputs besides the logits; averaged: whether to evaluate the averaged values
   */
  async beginEvaluation(also: EvaluationOptions = {}): Promise<void> {
    await this.evaluation.begin(also.averaged ? await this.training.allocate() : this.values, also);
  }

  /** Logits (and the other outputs given to {@link beginEvaluation}) of exactly `evaluationBatchSize` images, in evaluation mode. */
  async predict(images: Float32Array | ImageBytes): Promise<Predictions> {
    if (!this.evaluation.hasBegun) await this.beginEvaluation();
    return this.evaluation.predict(images);
  }

  /** Frees the evaluation program. */
  endEvaluation(): Promise<void> {
    return this.evaluation.end();
  }

  /** The model's values under PyTorch's names and in its order. */
  async stateDict(): Promise<StateDictTensors> {
    const values = await this.values.read();
    return namedState(this.entries, (name) => values.get(name) as Float32Array, this.counters.values);
  }

  /** Whether an average of the model's values is kept. */
  get isAveraged(): boolean {
    return this.options.averageDecay !== undefined;
  }

  /** The averaged values under PyTorch's names and in its order. @throws UsageError when none are kept */
  async averagedStateDict(): Promise<StateDictTensors> {
    if (!this.isAveraged) throw new UsageError('the learner keeps no average: create it with averageDecay');
    const values = await (await this.training.allocate()).read();
    return namedState(
      this.entries,
      (name) => values.get(averageName(name)) as Float32Array,
      this.counters.values,
    );
  }

  /**
   * Sets the model's values. Counters may be missing.
   *
   * @param options only: names to take; the rest keep their values and may be missing or misshapen
   * @throws UserError listing what is missing, unexpected or misshapen
   */
  async loadStateDict(
    tensors: StateDictTensors,
    options: { readonly only?: ReadonlySet<string> } = {},
  ): Promise<void> {
    const wanted = this.entries.filter(({ name }) => options.only?.has(name) ?? true);
    checkStateDict(tensors, wanted, options.only !== undefined);
    this.accumulated = 0;
    const values = new Map<string, TensorData>();
    for (const { name, kind } of wanted) {
      const tensor = tensors.get(name);
      if (tensor && kind === 'counter') this.counters.set(name, Number(tensor.data[0]));
      else if (tensor) values.set(name, floatsOf(tensor));
    }
    await this.values.write(values);
  }

  /** Training state besides the model's values: the optimiser's and the loss's variables by name, and the number of updates. */
  trainingState(): Promise<StateDictTensors> {
    return this.training.read();
  }

  /**
   * Sets what {@link trainingState} returned; programs, which have updates that parameters missed as constants, are compiled anew.
   *
   * @throws UserError listing what is missing, unexpected or misshapen
   */
  async loadTrainingState(tensors: StateDictTensors): Promise<void> {
    this.accumulated = 0;
    await this.executables.releaseAll();
    await this.training.load(tensors);
  }

  /** Frees the compiled programs and the variables; the learner cannot be used afterwards. The engine stays open. */
  async close(): Promise<void> {
    await this.endEvaluation();
    await this.executables.close();
    await this.overRanks.close();
    await this.training.dispose();
    await this.values.dispose();
  }

  /** One variable at a time, so that no more than one is in memory twice. */
  private async initialise(): Promise<void> {
    for (const { name, kind, parameter } of this.entries) {
      if (kind === 'counter') this.counters.set(name, 0);
      else await this.values.write(new Map([[name, parameter.initialise(this.options.seed ?? 0, name)]]));
    }
  }
}
