import { UserError } from '../../errors.js';
import type { Program } from '../../graph/program.js';
import type { TensorType } from '../../graph/tensorType.js';
import type {
  CompileOptions,
  Engine,
  EngineStatistics,
  Executable,
  MachinePeaks,
  Measuring,
  MeasuringListener,
  Precision,
  VariableSpec,
  Variables,
} from '../engine.js';
import type { ArgsOf } from './channel/calls.js';
import type { OwnerEnd } from './channel/port.js';
import { RemoteCalls } from './channel/remoteCalls.js';
import type { BackendAbout, EngineCalls, VariablesId } from './engineCalls.js';
import { workerExecutable } from './workerExecutable.js';

/**
 * Starts an engine in a worker.
 *
 * @param worker that serves a BackendServer's calls
 * @param name the engine's
 * @param start what the worker makes its backend by
 * @param onMeasuring called while programs that are compiled wait for measurements
 * @throws whatever making the backend throws
 */
export async function startWorkerEngine<Start>(
  worker: OwnerEnd,
  name: string,
  start: ArgsOf<EngineCalls<Start>, 'start'>,
  onMeasuring?: MeasuringListener,
): Promise<Engine> {
  const names = { owner: `the ${name} engine`, worker: `the worker of the ${name} engine` };
  const calls = new RemoteCalls<EngineCalls<Start>, Measuring>(worker, names, onMeasuring);
  try {
    return new WorkerEngine(calls, name, await calls.call('start', start));
  } catch (error) {
    await calls.close('close');
    throw error;
  }
}

class WorkerEngine implements Engine {
  readonly precision: Precision;
  readonly takesAhead: boolean;
  readonly runsAhead: boolean;
  readonly takesBytes: boolean;
  readonly measurePeaks?: () => Promise<MachinePeaks>;
  readonly choices?: () => Promise<Readonly<Record<string, string>>>;
  readonly useThreads?: (threads: number) => Promise<void>;
  readonly mostThreads: number | undefined;
  private described: string;
  private nextId = 0;
  private readonly ids = new WeakMap<Variables, VariablesId>();

  constructor(
    private readonly calls: RemoteCalls<EngineCalls<never>>,
    readonly name: string,
    { description, precision, measures, chooses, rethreads, ...takes }: BackendAbout,
  ) {
    this.described = description;
    this.precision = precision;
    this.mostThreads = takes.mostThreads;
    this.takesAhead = takes.takesAhead;
    this.runsAhead = takes.runsAhead;
    this.takesBytes = takes.takesBytes;
    if (measures) this.measurePeaks = () => calls.call('measurePeaks', undefined);
    if (chooses) this.choices = () => calls.call('choices', undefined);
    if (rethreads)
      this.useThreads = async (threads) => {
        this.described = await calls.call('useThreads', { threads });
      };
  }

  get description(): string {
    return this.described;
  }

  async variables(specs: Iterable<VariableSpec>): Promise<Variables> {
    const id = this.nextId++;
    const complete = Array.from(specs, ({ name, shape, dtype = 'f32' }) => ({ name, shape, dtype }));
    await this.calls.call('makeVariables', { variables: id, specs: complete });
    const types = new Map(complete.map(({ name, ...type }) => [name, type]));
    const variables = workerVariables(this.calls, id, types);
    this.ids.set(variables, id);
    return variables;
  }

  async compile(
    program: Program,
    { variables = [], frozen = false, precision = this.precision, together = false }: CompileOptions = {},
  ): Promise<Executable> {
    if (precision !== this.precision && precision !== 'f32')
      throw new UserError(`the ${this.name} engine computes in ${this.precision}, not in ${precision}`);
    const executable = this.nextId++;
    const given = 'types' in variables ? [variables] : variables;
    const ids = given.map((each) => this.idOf(each));
    const args = { executable, program, variables: ids, frozen, precision, together };
    const { profiles, description } = await this.calls.call('compile', args);
    const { calls, takesAhead, takesBytes } = this;
    const remote = { calls, executable, program, profiles, takesAhead, takesBytes };
    return { description, ...workerExecutable(remote) };
  }

  statistics(): Promise<EngineStatistics> {
    return this.calls.call('statistics', undefined);
  }

  close(): Promise<void> {
    return this.calls.close('close');
  }

  private idOf(variables: Variables): VariablesId {
    const id = this.ids.get(variables);
    if (id === undefined) throw new Error('the variables belong to another engine');
    return id;
  }
}

function workerVariables(
  calls: RemoteCalls<EngineCalls<never>>,
  variables: VariablesId,
  types: ReadonlyMap<string, TensorType>,
): Variables {
  return {
    types,
    read: (names) => calls.call('readVariables', { variables, names }),
    write: (values) => calls.call('writeVariables', { variables, values }),
    dispose: async () => {
      // If the worker is gone, there is nothing to free.
      if (!calls.isStopped) await calls.call('disposeVariables', { variables });
    },
  };
}
