import { type Ranks, SOLO } from '../distributed/communicator.js';
import type { CompileOptions, Engine, Executable, Precision, Variables } from '../engines/engine.js';
import { type Program, variablesOf } from '../graph/program.js';
import type { Loss } from '../losses/loss.js';
import type { Model } from '../models/model.js';
import type { Optimizer } from '../optim/optimizer.js';
import {
  backwardProgram,
  clearGradientsProgram,
  gradientName,
  type PassOptions,
  type TrainedParameter,
  trainedParameters,
  trainProgram,
  updateProgram,
} from './programs.js';

/** Options of the training programs. */
export interface StepParts {
  readonly engine: Engine;
  readonly model: Model;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** Images of a batch; of several ranks, of this one's part. */
  readonly batchSize: number;
  /** Greatest norm of all gradients taken together. Default: none. */
  readonly clipNorm?: number | undefined;
  /** Whether labels are distributions over the classes instead of class numbers. Default false. */
  readonly softTargets?: boolean | undefined;
  /** Decay of a moving average of the model's values (EMA) that is kept beside them, in (0, 1). Default: none is. */
  readonly averageDecay?: number | undefined;
  /** Which of how many ranks this is; the engine must have joined them. Default: one rank. */
  readonly ranks?: Ranks | undefined;
  /** Whether batch normalisation takes the statistics of all ranks' parts of a batch. Default false. */
  readonly syncBatchNorm?: boolean | undefined;
  /** First updates of a run, whose gradients are computed in f32 on an engine that computes in bf16. Default 0. */
  readonly f32Steps?: number | undefined;
}

type HowCompiled = Pick<CompileOptions, 'precision' | 'together'>;

/**
 * The compiled programs of training: the whole step, and its parts. Each is compiled when it is first needed;
 * those with a forward pass are kept in one precision at a time.
 */
export class StepExecutables {
  private readonly compiled = new Map<string, Promise<Executable>>();
  private frozen: ReadonlySet<string> = new Set();
  /** The variables that gradients are accumulated in, if any. */
  private sums: Promise<Variables> | undefined;

  /** @param state the model's values and training's state; requested when a program is compiled */
  constructor(
    private readonly parts: StepParts,
    private readonly state: () => Promise<readonly Variables[]>,
  ) {}

  /** Leaves state entries of these names as they are from now on, and no others; programs are compiled anew if that changes. */
  async freeze(names: ReadonlySet<string>): Promise<void> {
    if (names.size === this.frozen.size && [...names].every((name) => this.frozen.has(name))) return;
    await this.releaseAll();
    this.frozen = names;
  }

  /** Frees the programs; they are compiled anew when they are needed. */
  async releaseAll(): Promise<void> {
    for (const name of [...this.compiled.keys()]) await this.release(name);
  }

  /** The parameters that are trained now. */
  get trained(): readonly TrainedParameter[] {
    return trainedParameters(this.parts.model, this.frozen);
  }

  /** Whether an entry stays as it is now. */
  isFrozen(name: string): boolean {
    return this.frozen.has(name);
  }

  /** Forward, backward and update in one. */
  step(number: number): Promise<Executable> {
    const { model, loss, optimizer, batchSize, clipNorm, averageDecay } = this.parts;
    const options = { clipNorm, averageDecay, ...this.passing };
    return this.inPrecision('step', number, () => trainProgram(model, loss, optimizer, batchSize, options));
  }

  /** Whether {@link step} is the same program for two steps. */
  isSameStep(one: number, other: number): boolean {
    return this.precisionOf(one) === this.precisionOf(other);
  }

  /** Forward and backward, with the gradients accumulated in the engine. */
  backward(number: number): Promise<Executable> {
    const { model, loss, batchSize } = this.parts;
    const { passing } = this;
    return this.inPrecision('backward', number, () =>
      backwardProgram(model, loss, batchSize, { gradients: 'accumulate', ...passing }),
    );
  }

  /** The update with the gradients that {@link backward} has accumulated. */
  update(): Promise<Executable> {
    const { model, optimizer, clipNorm, averageDecay, ranks = SOLO } = this.parts;
    const buffers = model
      .stateEntries()
      .filter(({ kind, name }) => kind === 'buffer' && !this.frozen.has(name));
    const options = {
      gradients: 'accumulated',
      clipNorm,
      averageDecay,
      buffers,
      ranks: ranks.size,
    } as const;
    return this.once('update', () => updateProgram(optimizer, this.trained, options));
  }

  /** Sets the accumulated gradients to zero. */
  clear(): Promise<Executable> {
    return this.once('clear', () => clearGradientsProgram(this.trained));
  }

  /** Forward and backward, with the gradients as outputs and no update of anything. */
  gradients(): Promise<Executable> {
    const { model, loss, batchSize } = this.parts;
    const options = { updateState: false, ...this.passing };
    return this.once('gradients', () => backwardProgram(model, loss, batchSize, options));
  }

  /** Frees the programs and the variables of accumulated gradients. */
  async close(): Promise<void> {
    await this.releaseAll();
    const sums = await this.sums;
    await sums?.dispose();
  }

  private get passing(): PassOptions {
    const { softTargets, ranks = SOLO, syncBatchNorm } = this.parts;
    return { softTargets, frozen: this.frozen, ranks: ranks.size, syncBatchNorm };
  }

  private async inPrecision(name: string, step: number, build: () => Program): Promise<Executable> {
    const { engine } = this.parts;
    const precision = this.precisionOf(step);
    if (precision !== 'f32') await this.release(`${name} in f32`);
    else if (engine.precision !== 'f32') await this.release(`${name} in ${engine.precision}`);
    return this.once(`${name} in ${precision}`, build, { precision, together: true });
  }

  private precisionOf(step: number): Precision {
    const { engine, f32Steps = 0 } = this.parts;
    return step < f32Steps ? 'f32' : engine.precision;
  }

  private once(name: string, build: () => Program, options?: HowCompiled): Promise<Executable> {
    const known = this.compiled.get(name) ?? this.compile(build(), options);
    this.compiled.set(name, known);
    return known;
  }

  private async compile(program: Program, options: HowCompiled = {}): Promise<Executable> {
    const { engine, model } = this.parts;
    const sums = trainedParameters(model).map(({ name, shape }) => ({ name: gradientName(name), shape }));
    const names = new Set(sums.map(({ name }) => name));
    const addsUp = variablesOf(program).some(({ name }) => names.has(name));
    if (addsUp) this.sums ??= engine.variables(sums);
    const variables = [...(await this.state()), ...(addsUp ? [await this.sums!] : [])];
    return engine.compile(program, { variables, ...options });
  }

  private async release(name: string): Promise<void> {
    const executable = await this.compiled.get(name);
    this.compiled.delete(name);
    await executable?.close();
  }
}
