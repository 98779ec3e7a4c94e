import type { Engine, Executable, NamedData, Precision } from '../engines/engine.js';
import type { Program } from '../graph/program.js';
import type { TensorData } from '../graph/tensorType.js';
import type { Loss } from '../losses/loss.js';
import type { Model } from '../models/model.js';
import type { StateEntry } from '../nn/module.js';
import type { Optimizer } from '../optim/sgd.js';
import {
  type EvaluationOutputs,
  evaluationProgram,
  GRADIENT_PREFIX,
  gradientProgram,
  trainProgram,
} from './programs.js';
import {
  checkStateDict,
  counterTensor,
  floatsOf,
  type StateDictTensors,
  type StateTensor,
} from './stateDict.js';
import { TrainingState } from './trainingState.js';

/** What a learner is made of. */
export interface LearnerOptions {
  /** Runs the programs; the learner does not close it. */
  readonly engine: Engine;
  readonly model: Model;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** Images of a training step. */
  readonly batchSize: number;
  /** Images of an evaluation batch. Default: `batchSize`. */
  readonly evaluationBatchSize?: number | undefined;
  /** Seed of the initial values and of dropout. Default 0. */
  readonly seed?: number | undefined;
  /** Steps at a run's beginning that are computed in f32 on an engine that computes in bf16. Default 0. */
  readonly f32Steps?: number | undefined;
}

/** A batch of images and their classes. The buffers are handed to the engine: do not use them afterwards. */
export interface LabelledBatch {
  /** [N, 3, H, W], normalised. */
  readonly images: Float32Array;
  /** [N], each in 0 … classes−1. */
  readonly labels: Int32Array;
}

/** Result of a training step. */
export interface StepResult {
  /** The loss that was minimised, of the parameters before the step. */
  readonly loss: number;
  /** Mean cross-entropy of the batch. */
  readonly crossEntropy: number;
  /** [N, classes], row-major, in training mode. */
  readonly logits: Float32Array;
}

/** Result of {@link Learner.gradients}. */
export interface GradientResult extends StepResult {
  /** Variance of each data point's features, [N]. */
  readonly featureVariance: Float32Array;
  /** Gradient of each parameter by PyTorch's name. */
  readonly gradients: Map<string, Float32Array>;
}

/**
 * A model in training on an engine: its values, the loss's and the optimiser's state, and the compiled
 * programs of a step, of gradients and of evaluation. Programs are compiled when first needed.
 */
export class Learner {
  private readonly entries: readonly StateEntry[];
  private readonly counters = new Map<string, number>();
  private readonly live = new Map<string, Promise<Executable>>();
  private evaluation: Promise<Executable> | undefined;
  private readonly training: TrainingState;

  private constructor(private readonly options: LearnerOptions) {
    const { engine, model, loss, optimizer } = options;
    this.entries = model.stateEntries();
    this.training = new TrainingState(engine, this.entries, loss, optimizer);
  }

  /** Makes a learner with initial values drawn from the seed. */
  static async create(options: LearnerOptions): Promise<Learner> {
    const learner = new Learner(options);
    await learner.initialise();
    return learner;
  }

  get model(): Model {
    return this.options.model;
  }

  get engine(): Engine {
    return this.options.engine;
  }

  get batchSize(): number {
    return this.options.batchSize;
  }

  get evaluationBatchSize(): number {
    return this.options.evaluationBatchSize ?? this.options.batchSize;
  }

  /**
   * Compiles a training step, so that the first {@link Learner.step} takes no longer than the others.
   *
   * @param step its number since the run's beginning
   */
  async prepare(step = 0): Promise<void> {
    await this.trainExecutable(step);
  }

  /**
   * One training step: forward, backward, update.
   *
   * @param batch exactly `batchSize` images
   * @param options learningRate of this step; step: its number since the run's beginning, on which
   *   dropout's random numbers depend
   */
  async step(
    batch: LabelledBatch,
    options: { readonly learningRate: number; readonly step: number },
  ): Promise<StepResult> {
    const { seed = 0 } = this.options;
    const executable = await this.trainExecutable(options.step);
    const inputs: NamedData = { ...batch, learningRate: Float32Array.of(options.learningRate) };
    const result = stepResult(await executable.run(inputs, { seed, step: options.step }));
    for (const [name, count] of this.counters) this.counters.set(name, count + 1);
    return result;
  }

  /** Losses, logits and every parameter's gradient for one batch of `batchSize`, in training mode, without an update. */
  async gradients(batch: LabelledBatch, options: { readonly step?: number } = {}): Promise<GradientResult> {
    const { model, loss, batchSize, seed = 0 } = this.options;
    await this.training.allocate();
    const executable = await this.compiled('gradients', () => gradientProgram(model, loss, batchSize));
    const outputs = await executable.run({ ...batch }, { seed, step: options.step ?? 0 });
    const found = Object.entries(outputs).filter(([name]) => name.startsWith(GRADIENT_PREFIX));
    const gradients = new Map(
      found.map(([name, data]) => [name.slice(GRADIENT_PREFIX.length), data as Float32Array]),
    );
    return { ...stepResult(outputs), featureVariance: outputs.featureVariance as Float32Array, gradients };
  }

  /**
   * Prepares evaluation of the present values: they are built into the program, with batch normalisation
   * folded into convolutions. {@link predict} uses them until {@link endEvaluation}.
   *
   * @param also outputs besides the logits
   */
  async beginEvaluation(also: EvaluationOutputs = {}): Promise<void> {
    await this.endEvaluation();
    const program = evaluationProgram(this.options.model, this.evaluationBatchSize, also);
    this.evaluation = this.options.engine.compile(program, { variables: 'frozen' });
    await this.evaluation;
  }

  /** Logits (and what {@link beginEvaluation} was asked for) of exactly `evaluationBatchSize` images, in evaluation mode. */
  async predict(
    images: Float32Array,
  ): Promise<{ logits: Float32Array; features?: Float32Array; featureVariance?: Float32Array }> {
    if (!this.evaluation) await this.beginEvaluation();
    const outputs = await (await this.evaluation!).run({ images });
    const { logits, features, featureVariance } = outputs as Record<string, Float32Array>;
    return { logits: logits!, ...(features && { features }), ...(featureVariance && { featureVariance }) };
  }

  /** Frees the evaluation program. */
  async endEvaluation(): Promise<void> {
    const evaluation = this.evaluation;
    this.evaluation = undefined;
    if (evaluation) await (await evaluation).close();
  }

  /** The model's values under PyTorch's names and in its order. */
  async stateDict(): Promise<StateDictTensors> {
    const names = this.entries.filter(({ kind }) => kind !== 'counter').map(({ name }) => name);
    const values = await this.options.engine.read(names);
    return new Map(
      this.entries.map(({ name, kind, shape }): [string, StateTensor] =>
        kind === 'counter'
          ? [name, counterTensor(this.counters.get(name)!)]
          : [name, { dtype: 'f32', shape, data: values.get(name) as Float32Array }],
      ),
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
    const values = new Map<string, TensorData>();
    for (const { name, kind } of wanted) {
      const tensor = tensors.get(name);
      if (tensor && kind === 'counter') this.counters.set(name, Number(tensor.data[0]));
      else if (tensor) values.set(name, floatsOf(tensor));
    }
    await this.options.engine.write(values);
  }

  /** Training state besides the model's values: the optimiser's and the loss's variables, by name. */
  trainingState(): Promise<StateDictTensors> {
    return this.training.read();
  }

  /**
   * Sets what {@link trainingState} returned.
   *
   * @throws UserError listing what is missing, unexpected or misshapen
   */
  async loadTrainingState(tensors: StateDictTensors): Promise<void> {
    await this.training.load(tensors);
  }

  /** Frees the compiled programs. The engine stays open. */
  async close(): Promise<void> {
    await this.endEvaluation();
    for (const executable of this.live.values()) await (await executable).close();
    this.live.clear();
  }

  /** One variable at a time, so that no more than one is in memory twice. */
  private async initialise(): Promise<void> {
    const { engine, seed = 0 } = this.options;
    for (const { name, kind, parameter } of this.entries) {
      if (kind === 'counter') this.counters.set(name, 0);
      else await engine.write(new Map([[name, parameter.initialise(seed, name)]]));
    }
  }

  private async trainExecutable(step: number): Promise<Executable> {
    const { engine, model, loss, optimizer, batchSize, f32Steps = 0 } = this.options;
    await this.training.allocate();
    const precision = step < f32Steps ? 'f32' : engine.precision;
    const other = precision === 'f32' ? 'bf16' : 'f32';
    await this.release(`train in ${other}`);
    return this.compiled(
      `train in ${precision}`,
      () => trainProgram(model, loss, optimizer, batchSize),
      precision,
    );
  }

  private compiled(name: string, build: () => Program, precision?: Precision): Promise<Executable> {
    const known = this.live.get(name) ?? this.options.engine.compile(build(), { precision });
    this.live.set(name, known);
    return known;
  }

  private async release(name: string): Promise<void> {
    const executable = await this.live.get(name);
    this.live.delete(name);
    await executable?.close();
  }
}

function stepResult(outputs: Record<string, TensorData>): StepResult {
  return {
    loss: outputs.loss![0]!,
    crossEntropy: outputs.crossEntropy![0]!,
    logits: outputs.logits as Float32Array,
  };
}
