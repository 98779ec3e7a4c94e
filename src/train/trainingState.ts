import type { Engine, Variables } from '../engines/engine.js';
import { UsageError } from '../errors.js';
import { sizeOf, type TensorData } from '../graph/tensorType.js';
import type { Loss } from '../losses/loss.js';
import type { StateEntry } from '../nn/module.js';
import { withMissedUpdates } from '../optim/missedUpdates.js';
import { type Optimizer, stateVariable } from '../optim/optimizer.js';
import { averageName } from './averages.js';
import { checkStateDict, counterTensor, floatsOf, type StateDictTensors } from './stateDict.js';

/** Name of the number of updates in checkpoints; a parameter that was frozen in some has its own, `optimizer.step.NAME`. */
export const OPTIMIZER_STEP = 'optimizer.step';

const stepName = (parameter: string): string => `${OPTIMIZER_STEP}.${parameter}`;

/** Prefix of the names of a loss's variables, which distinguishes them from the model's tensors in checkpoints. */
const LOSS_PREFIX = 'loss.';

/**
 * The state of training besides the model's values: the variables of optimiser and loss on the engine, and the
 * number of updates. The variables are created when first needed: evaluation does not need them.
 */
export class TrainingState {
  private readonly shapes: ReadonlyMap<string, readonly number[]>;
  private readonly trained: readonly string[];
  /** Updates that parameters missed while they were frozen, where there are any. */
  private readonly missed = new Map<string, number>();
  private frozen: ReadonlySet<string> = new Set();
  private allocated: Promise<Variables> | undefined;
  private updates = 0;

  /**
   * @param entries the model's values
   * @param averaged the values whose averages are kept, if they are, and where they are: averages start with them
   * @throws UsageError when the name of a loss's variable does not start with `loss.`
   */
  constructor(
    private readonly engine: Engine,
    entries: readonly StateEntry[],
    private readonly loss: Loss,
    private readonly optimizer: Optimizer,
    private readonly averaged?: AveragedValues,
  ) {
    for (const { name } of loss.variables) expectLossName(loss, name);
    const trained = entries.filter(({ kind }) => kind === 'parameter');
    this.trained = trained.map(({ name }) => name);
    this.shapes = new Map([
      ...optimizer.state.flatMap((state) =>
        trained.map(({ name, shape }) => [stateVariable(state, name), shape] as const),
      ),
      ...loss.variables.map(({ name, shape }) => [name, shape] as const),
      ...(averaged?.entries ?? []).map(({ name, shape }) => [averageName(name), shape] as const),
    ]);
  }

  /** Updates since the start of the run. */
  get steps(): number {
    return this.updates;
  }

  /**
   * Arguments of the next update: the learning rate and its number, from 1.
   *
   * @throws UsageError when the learning rate is not finite in f32: the loss of that step would be, and no weight after it
   */
  updateInputs(learningRate: number): Record<string, TensorData> {
    if (!Number.isFinite(learningRate) || !Number.isFinite(Math.fround(learningRate)))
      throw new UsageError(`the learning rate must be a finite 32-bit number, not ${learningRate}`);
    return { learningRate: Float32Array.of(learningRate), step: Float32Array.of(this.steps + 1) };
  }

  /** Counts an update, or takes back one that was counted (−1). */
  countStep(by: 1 | -1 = 1): void {
    this.updates += by;
    for (const name of this.trained)
      if (this.frozen.has(name)) this.missed.set(name, this.missedBy(name) + by);
  }

  /** The state entries that updates leave as they are from now on. */
  freeze(names: ReadonlySet<string>): void {
    this.frozen = names;
  }

  /** The optimiser that counts each parameter's own updates, as of when a program is built. */
  get countingOptimizer(): Optimizer {
    return withMissedUpdates(this.optimizer, (name) => this.missedBy(name));
  }

  private missedBy(parameter: string): number {
    return this.missed.get(parameter) ?? 0;
  }

  /** The variables; the first time they are made, with their initial values. */
  allocate(): Promise<Variables> {
    this.allocated ??= this.initialise();
    return this.allocated;
  }

  /** The variables by name, {@link OPTIMIZER_STEP}, and the numbers of updates of parameters that missed some. */
  async read(): Promise<StateDictTensors> {
    const variables = await this.allocate();
    const values = await variables.read();
    const state: StateDictTensors = new Map();
    for (const [name, data] of values)
      state.set(name, { dtype: 'f32', shape: this.shapes.get(name)!, data: data as Float32Array });
    state.set(OPTIMIZER_STEP, counterTensor(this.updates));
    for (const [name, count] of this.missed)
      if (count > 0) state.set(stepName(name), counterTensor(this.updates - count));
    return state;
  }

  /**
   * Sets what {@link read} returned. Without {@link OPTIMIZER_STEP}, counting starts from 0; a parameter without a number of its
   * own, as in files of older versions, missed no update.
   *
   * @throws UserError listing what is missing, unexpected or misshapen
   */
  async load(tensors: StateDictTensors): Promise<void> {
    const buffers = [...this.shapes].map(([name, shape]) => ({ name, shape, kind: 'buffer' as const }));
    const names = [OPTIMIZER_STEP, ...this.trained.map(stepName)];
    const counters = names.map((name) => ({ name, shape: [], kind: 'counter' as const }));
    checkStateDict(tensors, [...buffers, ...counters], false);
    const variables = await this.allocate();
    this.updates = Number(tensors.get(OPTIMIZER_STEP)?.data[0] ?? 0);
    this.missed.clear();
    for (const name of this.trained) {
      const own = tensors.get(stepName(name));
      if (own) this.missed.set(name, this.updates - Number(own.data[0]));
    }
    const values = [...tensors].filter(([name]) => this.shapes.has(name));
    await variables.write(new Map(values.map(([name, tensor]) => [name, floatsOf(tensor)])));
  }

  /** Frees the variables. */
  async dispose(): Promise<void> {
    const variables = await this.allocated;
    await variables?.dispose();
  }

  private async initialise(): Promise<Variables> {
    const variables = await this.engine.variables(
      Array.from(this.shapes, ([name, shape]) => ({ name, shape })),
    );
    await variables.write(initialLossValues(this.loss));
    const { state, initial = {} } = this.optimizer;
    for (const key of state.filter((name) => initial[name])) {
      const filled = [...this.shapes].filter(([name]) => name.startsWith(stateVariable(key, '')));
      for (const [name, shape] of filled)
        await variables.write(new Map([[name, new Float32Array(sizeOf(shape)).fill(initial[key]!)]]));
    }
    // One at a time, so that no more than one is in memory twice.
    for (const { name } of this.averaged?.entries ?? []) {
      const values = await this.averaged!.values.read([name]);
      await variables.write(new Map([[averageName(name), values.get(name)!]]));
    }
    return variables;
  }
}

/** A model's values that are averaged, and the variables that hold them. */
export interface AveragedValues {
  readonly entries: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly values: Variables;
}

/** Initial values of a loss's variables by name. */
export function initialLossValues(loss: Loss): Map<string, Float32Array> {
  return new Map(
    loss.variables.map(({ name, shape, initial }) => [name, new Float32Array(sizeOf(shape)).fill(initial)]),
  );
}

function expectLossName(loss: Loss, name: string): void {
  if (!name.startsWith(LOSS_PREFIX))
    throw new UsageError(
      `the loss ${loss.name} has a variable ${name}: its name must start with ${LOSS_PREFIX}, as in ${LOSS_PREFIX}${name}`,
    );
}
