import { CudaBackend } from '../../src/engines/cuda/cudaBackend.js';
import type { Device } from '../../src/engines/cuda/device.js';
import type { CudaExecutable } from '../../src/engines/cuda/executable.js';
import type { CudaVariable } from '../../src/engines/cuda/variables.js';
import type { ProfileEntry } from '../../src/engines/engine.js';
import { freeze } from '../../src/graph/freeze.js';
import { inputsOf, type Program, variablesOf } from '../../src/graph/program.js';
import type { TensorData } from '../../src/graph/tensorType.js';
import { biasLoss } from '../../src/losses/biasLoss.js';
import type { Model } from '../../src/models/model.js';
import { sgd } from '../../src/optim/sgd.js';
import { evaluationProgram, trainProgram } from '../../src/train/programs.js';
import { initialLossValues } from '../../src/train/trainingState.js';
import { normalNumbers } from '../normalNumbers.js';
import { median, type Spread, spread } from '../statistics.js';
import { watchDevice } from './watchedDevice.js';
import type { CudaWorkload } from './workload.js';

/** Steps before anything is timed: cuDNN prepares itself, the graph is captured, clocks rise. */
const WARM_UP = 5;
/** Runs whose time is taken from the outside. */
const WHOLE_RUNS = 10;
/** Steps of a round that are started without waiting, fewest and most. */
const STEPS = [5, 100] as const;
/** Rounds, whose median counts. */
const ROUNDS = 5;

/** What was measured of a step. */
export interface OurFigures {
  /** Of the step on the card, whose batch is there already: the time between steps that are started one after the other. */
  readonly milliseconds: Spread;
  /** Of a run as the engine does it, with the batch going up and the results coming back. */
  readonly runMilliseconds: number;
  /** Planning, compiling kernels and choosing algorithms; less where an earlier run has cached them. */
  readonly compileSeconds: number;
  /** The executable's. */
  readonly description: string;
  /** Of the last training step. */
  readonly loss: number | undefined;
  readonly profile: readonly ProfileEntry[];
}

/**
 * Measures a step on a device.
 *
 * @param seconds roughly how long the timed steps take together
 * @throws Error when a result is not finite
 */
export async function measureOurs(
  device: Device,
  workload: CudaWorkload,
  seconds: number,
): Promise<OurFigures> {
  const watched = watchDevice(device);
  const backend = new CudaBackend(watched.device, workload);
  const variables = new Map<string, CudaVariable>();
  let executable: CudaExecutable | undefined;
  try {
    const program = prepare(workload, backend, variables);
    const begin = performance.now();
    const { precision, mode } = workload;
    executable = await backend.compile(program, { variables, frozen: mode === 'eval', precision });
    const compileSeconds = (performance.now() - begin) / 1000;
    const inputs = inputsFor(program, workload);
    const runs = await wholeRuns(executable, inputs);
    const step = watched.captured();
    const milliseconds = timeSteps(device, () => step.launch(), seconds);
    const profile = executable.profile(inputs, { seed: 0, step: 1 });
    return { milliseconds, compileSeconds, ...runs, description: executable.description, profile };
  } finally {
    executable?.close();
    for (const variable of variables.values()) variable.dispose();
  }
}

/** The program, and its variables with the values that a training begins with. */
function prepare(
  { model, batch, mode }: CudaWorkload,
  backend: CudaBackend,
  variables: Map<string, CudaVariable>,
): Program {
  const values = initialValues(model);
  if (mode === 'eval') return freeze(evaluationProgram(model, batch), values);
  const program = trainProgram(model, LOSS, sgd({ momentum: 0.9, weightDecay: 1e-4 }), batch);
  for (const { name, shape, dtype } of variablesOf(program)) {
    const variable = backend.variable({ shape, dtype });
    variables.set(name, variable);
    const value = values.get(name);
    if (value) variable.write(value);
  }
  return program;
}

const LOSS = biasLoss();

function initialValues(model: Model): Map<string, TensorData> {
  const values = new Map<string, TensorData>(initialLossValues(LOSS));
  for (const { name, kind, parameter } of model.stateEntries())
    if (kind !== 'counter') values.set(name, parameter.initialise(0, name));
  return values;
}

/** One batch: images roughly of mean 0 and variance 1, and what else a step takes. */
function inputsFor(program: Program, { model, batch }: CudaWorkload): Record<string, TensorData> {
  const { classes, imageSize } = model.config;
  const all: Readonly<Record<string, () => TensorData>> = {
    images: () => normalNumbers(batch * 3 * imageSize ** 2),
    labels: () => Int32Array.from({ length: batch }, (_, i) => (i * 7 + 3) % classes),
    learningRate: () => Float32Array.of(0.1),
  };
  return Object.fromEntries(
    inputsOf(program).map(({ name }) => {
      const values = all[name];
      if (!values) throw new Error(`no contents for the input ${name}`);
      return [name, values()];
    }),
  );
}

/** Warms up and times whole runs. */
async function wholeRuns(
  executable: CudaExecutable,
  inputs: Readonly<Record<string, TensorData>>,
): Promise<Pick<OurFigures, 'runMilliseconds' | 'loss'>> {
  const times: number[] = [];
  let outputs: Record<string, TensorData> = {};
  for (let step = 0; step < WARM_UP + WHOLE_RUNS; step++) {
    const begin = performance.now();
    outputs = await executable.run(inputs, { seed: 0, step });
    if (step >= WARM_UP) times.push(performance.now() - begin);
  }
  for (const [name, values] of Object.entries(outputs))
    if (values.some((value) => !Number.isFinite(value))) throw new Error(`${name} is not finite`);
  return { runMilliseconds: median(times), loss: outputs.loss?.[0] };
}

/** Milliseconds of a step of each round, whose steps are started without waiting. */
function timeSteps(device: Device, launch: () => void, seconds: number): Spread {
  const one = device.time(launch);
  const [least, most] = STEPS;
  const steps = Math.min(most, Math.max(least, Math.round((1000 * seconds) / ROUNDS / one)));
  const round = (): number =>
    device.time(() => {
      for (let i = 0; i < steps; i++) launch();
    }) / steps;
  return spread(Array.from({ length: ROUNDS }, round));
}
