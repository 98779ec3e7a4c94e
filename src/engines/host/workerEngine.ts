import { UserError } from '../../errors.js';
import type { Program } from '../../graph/program.js';
import type { TensorData } from '../../graph/tensorType.js';
import type {
  CompileOptions,
  Engine,
  EngineOptions,
  Executable,
  MachinePeaks,
  NamedData,
  Precision,
  ProfileEntry,
  RunOptions,
} from '../engine.js';
import { checkInputs } from './checks.js';
import { buffersOf, wholeBuffer } from './protocol.js';
import { WorkerCalls } from './workerCalls.js';

/** Which backend a worker is to load. */
export interface BackendModule {
  /** The engine's name. */
  readonly name: string;
  /** URL of a module that exports `createBackend`, a {@link BackendFactory}. */
  readonly module: URL;
}

/**
 * Starts a worker thread with a backend in it.
 *
 * @throws whatever the backend's factory throws
 */
export async function startWorkerEngine(
  { name, module }: BackendModule,
  options: Required<EngineOptions>,
): Promise<Engine> {
  const calls = new WorkerCalls(name);
  try {
    const started = await calls.call('start', { name, module: module.href, options });
    return new WorkerEngine(calls, { name, ...started });
  } catch (error) {
    await calls.close();
    throw error;
  }
}

class WorkerEngine implements Engine {
  readonly name: string;
  readonly description: string;
  readonly precision: Precision;
  readonly measurePeaks?: () => Promise<MachinePeaks>;
  private nextExecutable = 0;

  constructor(
    private readonly calls: WorkerCalls,
    about: Pick<Engine, 'name' | 'description' | 'precision'> & { readonly measures: boolean },
  ) {
    this.name = about.name;
    this.description = about.description;
    this.precision = about.precision;
    if (about.measures) this.measurePeaks = () => calls.call('measurePeaks', undefined);
  }

  async compile(
    program: Program,
    { variables = 'live', precision = this.precision }: CompileOptions = {},
  ): Promise<Executable> {
    if (precision !== this.precision && precision !== 'f32')
      throw new UserError(`the ${this.name} engine computes in ${this.precision}, not in ${precision}`);
    const executable = this.nextExecutable++;
    const options = { variables, precision };
    const { profiles } = await this.calls.call('compile', { executable, program, options });
    return workerExecutable(this.calls, executable, program, profiles);
  }

  read(names?: readonly string[]): Promise<Map<string, TensorData>> {
    return this.calls.call('read', { names });
  }

  async write(values: ReadonlyMap<string, TensorData>): Promise<void> {
    await this.calls.call('write', { values });
  }

  close(): Promise<void> {
    return this.calls.close();
  }
}

function workerExecutable(
  calls: WorkerCalls,
  executable: number,
  program: Program,
  profiles: boolean,
): Executable {
  const send = <C extends 'run' | 'profile'>(
    call: C,
    inputs: NamedData,
    { seed = 0, step = 0 }: RunOptions = {},
  ) => {
    const checked = checkInputs(program, inputs);
    for (const name of Object.keys(checked)) checked[name] = wholeBuffer(checked[name]!);
    const args = { executable, inputs: checked, options: { seed, step } };
    return calls.call(call, args, buffersOf(Object.values(checked)));
  };
  const profile = async (inputs: NamedData, options?: RunOptions): Promise<ProfileEntry[]> =>
    send('profile', inputs, options);
  return {
    run: async (inputs, options) => send('run', inputs, options),
    ...(profiles ? { profile } : {}),
    close: async () => {
      await calls.call('release', { executable });
    },
  };
}
