import type {
  Engine,
  Executable,
  MachinePeaks,
  Precision,
  ProfileEntry,
  Variables,
} from '../engines/engine.js';
import { UsageError, UserError } from '../errors.js';
import { inputsOf, type Program, variablesOf } from '../graph/program.js';
import { sizeOf, type TensorData } from '../graph/tensorType.js';
import { biasLoss } from '../losses/biasLoss.js';
import type { Loss } from '../losses/loss.js';
import { median } from '../median.js';
import type { Model } from '../models/model.js';
import type { Optimizer } from '../optim/optimizer.js';
import { sgd } from '../optim/sgd.js';
import { fillUniform, uniformSource } from '../random.js';
import { evaluationProgram, trainProgram } from '../train/programs.js';
import { initialLossValues } from '../train/trainingState.js';

/** What is profiled: a training step, or evaluation with the variables built in. */
export type ProfileMode = 'train' | 'eval';

/** Options of {@link profileStep}. */
export interface ProfileOptions {
  /** An engine that times its primitives: oneDNN. */
  readonly engine: Engine;
  readonly model: Model;
  /** Default `train`. */
  readonly mode?: ProfileMode | undefined;
  /** Images of a step. */
  readonly batchSize: number;
  /** Default the bias loss. */
  readonly loss?: Loss | undefined;
  /** Default SGD. */
  readonly optimizer?: Optimizer | undefined;
  /** Number of profiled steps, and of unprofiled ones before and after; times are medians. Default 10. */
  readonly steps?: number | undefined;
}

/** A step with the time of each primitive. */
export interface StepProfile {
  readonly mode: ProfileMode;
  /** The engine's description. */
  readonly engine: string;
  readonly precision: Precision;
  readonly batchSize: number;
  readonly steps: number;
  readonly peaks: MachinePeaks;
  /** In the order of execution; times are medians. */
  readonly entries: readonly ProfileEntry[];
  /** A whole unprofiled step, seen from the calling thread: with the communication with the worker. */
  readonly stepMilliseconds: number;
}

/** Small enough for weights on random labels to stay finite. */
const LEARNING_RATE = 0.001;
/** Warm-up steps, until the TypeScript part is compiled by the JIT. */
const WARM_UP = { profiled: 3, unprofiled: 12 };
/** No further warm-up steps after this many milliseconds. */
const WARM_UP_LIMIT = 4000;

/**
 * Profiles a step of a model with random weights on random images.
 *
 * @throws UserError when the engine does not time its primitives
 * @throws UsageError when `steps` is not a positive whole number
 */
export async function profileStep(options: ProfileOptions): Promise<StepProfile> {
  const { engine, model, mode = 'train', batchSize, steps = 10 } = options;
  if (!Number.isInteger(steps) || steps < 1)
    throw new UsageError(`steps must be a positive whole number, not ${steps}`);
  if (!engine.measurePeaks) throw cannotProfile(engine);
  const before = await engine.measurePeaks();
  const { program, variables } = await prepare(options, mode);
  const executable = await engine.compile(program, { variables, frozen: mode === 'eval' });
  try {
    const times = await timeSteps(executable, program, { steps, classes: model.config.classes }, engine);
    // Other processes may have slowed one of the two.
    const peaks = bestOf(before, await engine.measurePeaks());
    const { description, precision } = engine;
    return { mode, engine: description, precision, batchSize, steps, peaks, ...times };
  } finally {
    await executable.close();
    await variables.dispose();
  }
}

function cannotProfile({ name }: Engine): UserError {
  return new UserError(
    `the ${name} engine does not time its primitives: profile needs an NVIDIA GPU or oneDNN, which Debian and Ubuntu ` +
      'install with apt-get install libdnnl2; biasloss doctor says how to install it elsewhere',
  );
}

/** The step's program and its variables, with initial values. */
async function prepare(
  options: ProfileOptions,
  mode: ProfileMode,
): Promise<{ program: Program; variables: Variables }> {
  const { engine, model, batchSize, loss = biasLoss(), optimizer = sgd() } = options;
  const program =
    mode === 'train' ? trainProgram(model, loss, optimizer, batchSize) : evaluationProgram(model, batchSize);
  const variables = await engine.variables(variablesOf(program));
  const write = async (name: string, values: () => Float32Array): Promise<void> => {
    if (variables.types.has(name)) await variables.write(new Map([[name, values()]]));
  };
  for (const { name, parameter } of model.stateEntries())
    await write(name, () => parameter.initialise(0, name));
  for (const [name, values] of initialLossValues(loss)) await write(name, () => values);
  return { program, variables };
}

async function timeSteps(
  executable: Executable,
  program: Program,
  { steps, classes }: { readonly steps: number; readonly classes: number },
  engine: Engine,
): Promise<Pick<StepProfile, 'entries' | 'stepMilliseconds'>> {
  const inputs = randomInputs(program, classes);
  // The engine takes over a batch's buffers.
  const copies = (): Record<string, TensorData> =>
    Object.fromEntries(inputs.map(([name, data]) => [name, data.slice()]));
  let step = 0;
  const run = async (): Promise<number> => {
    const batch = copies();
    const begin = performance.now();
    await executable.run(batch, { step: step++ });
    return performance.now() - begin;
  };
  const profile = async (): Promise<ProfileEntry[]> => {
    const entries = await executable.profile?.(copies(), { step: step++ });
    if (!entries) throw cannotProfile(engine);
    return entries;
  };
  const before = await repeat(run, WARM_UP.unprofiled, steps);
  const profiles = await repeat(profile, WARM_UP.profiled, steps);
  const after = await repeat(run, 1, steps);
  return { entries: medianEntries(profiles), stepMilliseconds: median([...before, ...after]) };
}

/** Results of a function that is called `times` times after warming up. */
async function repeat<T>(call: () => Promise<T>, warmUp: number, times: number): Promise<T[]> {
  const end = performance.now() + WARM_UP_LIMIT;
  for (let i = 0; i < warmUp && (i === 0 || performance.now() < end); i++) await call();
  const results: T[] = [];
  for (let i = 0; i < times; i++) results.push(await call());
  return results;
}

/** The larger of each of two measurements. */
function bestOf(a: MachinePeaks, b: MachinePeaks): MachinePeaks {
  return {
    f32: Math.max(a.f32, b.f32),
    bf16: a.bf16 === undefined || b.bf16 === undefined ? undefined : Math.max(a.bf16, b.bf16),
    memory: Math.max(a.memory, b.memory),
    copy: Math.max(a.copy, b.copy),
  };
}

/** Random contents of a program's inputs: images of mean 0 and variance 1, and classes. */
function randomInputs(program: Program, classes: number): [name: string, data: TensorData][] {
  return inputsOf(program).map(({ name, shape, dtype }) => {
    if (dtype === 'i32') {
      const random = uniformSource(0, name);
      return [name, Int32Array.from({ length: sizeOf(shape) }, (_, i) => Math.floor(classes * random(i)))];
    }
    if (shape.length === 0) return [name, Float32Array.of(name === 'step' ? 1 : LEARNING_RATE)];
    const numbers = new Float32Array(sizeOf(shape));
    fillUniform(numbers, 0, name, 0);
    return [name, numbers.map((value) => (value - 0.5) * Math.sqrt(12))];
  });
}

/** Merges several profiles of the same program: each primitive with the median of its times. */
export function medianEntries(profiles: readonly (readonly ProfileEntry[])[]): ProfileEntry[] {
  const [first = [], ...rest] = profiles;
  return first.map((entry, i) => ({
    ...entry,
    milliseconds: median([entry, ...rest.map((profile) => profile[i]!)].map((each) => each.milliseconds)),
  }));
}
