import { freeze } from '../../graph/freeze.js';
import { type Program, variablesOf } from '../../graph/program.js';
import { formatType, type TensorData } from '../../graph/tensorType.js';
import type {
  BackendExecutable,
  BackendVariable,
  EngineBackend,
  MeasuringListener,
  NamedData,
  ProfileEntry,
} from '../engine.js';
import { arraysOf, type NamedInputs } from '../imageBytes.js';
import type { Handlers, MayStart } from './channel/callServer.js';
import { wholeBuffer } from './channel/transfer.js';
import { checkProgram } from './checks.js';
import type { EngineCalls, ExecutableId, VariablesId } from './engineCalls.js';
import { freeArrays } from './freeArrays.js';
import { VariableSet } from './variableSet.js';

/** An executable, and the variables that its runs use. */
interface Compiled {
  readonly executable: BackendExecutable;
  readonly variables: readonly VariablesId[];
}

/** Runs in progress on a backend that takes several: one that computes, and one that is ready behind it. */
const RUNS_AT_ONCE = 2;

/**
 * The worker's side of an engine: carries out calls on a backend. They must come one after the other, but for those that {@link mayStart}
 * lets in.
 *
 * @typeParam Start what the backend is made by
 */
export class BackendServer<Start> {
  private backend: EngineBackend | undefined;
  private readonly executables = new Map<ExecutableId, Compiled>();
  private readonly variables = new Map<VariablesId, VariableSet>();

  /**
   * @param makeBackend is called once, when the engine starts
   * @param onMeasuring called while programs that are compiled wait for measurements
   */
  constructor(
    private readonly makeBackend: (start: Start) => EngineBackend | Promise<EngineBackend>,
    private readonly onMeasuring?: MeasuringListener,
  ) {}

  /** Runs alone overlap, and only on a backend that takes them so. */
  readonly mayStart: MayStart = (call, running) =>
    running.length === 0 ||
    (this.backend?.runsAhead === true &&
      running.length < RUNS_AT_ONCE &&
      [call, ...running].every((each) => each === ('run' satisfies keyof EngineCalls<Start>)));

  readonly handlers: Handlers<EngineCalls<Start>> = {
    start: async (start) => {
      this.backend = await this.makeBackend(start);
      const { description, precision, measurePeaks, choices, useThreads, mostThreads } = this.backend;
      const { takesAhead = false, takesBytes = false, runsAhead = false } = this.backend;
      return {
        description,
        precision,
        measures: measurePeaks !== undefined,
        chooses: choices !== undefined,
        rethreads: useThreads !== undefined,
        mostThreads,
        takesAhead,
        runsAhead,
        takesBytes,
      };
    },
    makeVariables: async ({ variables, specs }) => {
      const backend = this.started();
      this.variables.set(variables, await VariableSet.make(specs, (type) => backend.variable(type)));
    },
    readVariables: async ({ variables, names }) => {
      const values = await this.setOf(variables).read(names);
      return new Map([...values].map(([name, data]) => [name, wholeBuffer(data)]));
    },
    writeVariables: ({ variables, values }) => this.setOf(variables).write(values),
    disposeVariables: async ({ variables }) => {
      const set = this.variables.get(variables);
      this.variables.delete(variables);
      await set?.dispose();
    },
    compile: async ({ executable: id, program, variables: ids, frozen, ...how }) => {
      checkProgram(program, frozen);
      const found = this.find(program, ids);
      const ready = frozen ? await builtIn(program, found) : program;
      const options = {
        variables: frozen ? new Map() : found,
        frozen,
        ...how,
        onMeasuring: this.onMeasuring,
      };
      const executable = await this.started().compile(ready, options);
      this.executables.set(id, { executable, variables: frozen ? [] : ids });
      return { profiles: executable.profile !== undefined, description: executable.description };
    },
    run: async ({ executable, inputs, options, ahead }) => {
      const outputs = await this.runnable(executable).run(
        forBackend(inputs),
        options,
        ahead && forBackend(ahead),
      );
      const results = Object.values(outputs).map(wholeBuffer);
      freeInputs(inputs, results);
      if (ahead) freeInputs(ahead, results);
      return Object.fromEntries(Object.keys(outputs).map((name, i) => [name, results[i]!]));
    },
    profile: async ({ executable, inputs, options }) => {
      const entries: ProfileEntry[] | undefined = await this.runnable(executable).profile?.(
        forBackend(inputs),
        options,
      );
      if (!entries) throw new Error('this engine does not profile');
      return entries;
    },
    release: async ({ executable }) => {
      const compiled = this.executables.get(executable);
      this.executables.delete(executable);
      await compiled?.executable.close();
    },
    measurePeaks: async () => {
      const peaks = await this.started().measurePeaks?.();
      if (!peaks) throw new Error('this engine does not measure the machine');
      return peaks;
    },
    statistics: () => ({
      variables: [...this.variables.values()].reduce((total, { size }) => total + size, 0),
      executables: this.executables.size,
    }),
    choices: () => this.started().choices?.() ?? {},
    useThreads: ({ threads }) => {
      const backend = this.started();
      if (!backend.useThreads) throw new Error('this engine cannot change its threads');
      if (this.executables.size > 0) throw new Error('threads cannot change while there are executables');
      backend.useThreads(threads);
      return backend.description;
    },
    close: async () => {
      for (const { executable } of this.executables.values()) await executable.close();
      this.executables.clear();
      for (const set of this.variables.values()) await set.dispose();
      this.variables.clear();
      await this.backend?.close();
    },
  };

  /**
   * A program's variables by name, out of those that it may use.
   *
   * @throws Error naming a variable that is in none of the sets, in two of them, or has another type there
   */
  private find(program: Program, ids: readonly VariablesId[]): Map<string, BackendVariable> {
    const sets = ids.map((id) => this.setOf(id));
    return new Map(
      variablesOf(program).map((wanted) => {
        const [found, other] = sets.map((set) => set.find(wanted)).filter((each) => each !== undefined);
        if (!found)
          throw new Error(
            `the program's variable ${wanted.name} (${formatType(wanted)}) is not among the variables that it was given`,
          );
        if (other) throw new Error(`the variable ${wanted.name} was given twice`);
        return [wanted.name, found];
      }),
    );
  }

  private started(): EngineBackend {
    if (!this.backend) throw new Error('the engine has not started');
    return this.backend;
  }

  private setOf(id: VariablesId): VariableSet {
    const set = this.variables.get(id);
    if (!set) throw new Error('the variables are disposed of');
    return set;
  }

  private runnable(id: ExecutableId): BackendExecutable {
    const compiled = this.executables.get(id);
    if (!compiled) throw new Error('the executable is closed');
    for (const each of compiled.variables) this.setOf(each);
    return compiled.executable;
  }
}

/** Inputs that were checked: bytes are among them only if the backend takes them, whose methods then have wider types. */
function forBackend(inputs: NamedInputs): NamedData {
  return inputs as NamedData;
}

/** Frees what was transferred here for a run; results may share its memory, and a runtime may have freed it already. */
function freeInputs(inputs: NamedInputs, results: readonly TensorData[]): void {
  const kept = new Set(results.map(({ buffer }) => buffer));
  freeArrays(
    Object.values(inputs)
      .flatMap(arraysOf)
      .filter(({ buffer, byteLength }) => byteLength > 0 && !kept.has(buffer)),
  );
}

/** The program with its variables' values as constants, and batch normalisation folded into convolutions. */
async function builtIn(program: Program, variables: ReadonlyMap<string, BackendVariable>): Promise<Program> {
  const values = new Map<string, TensorData>();
  for (const [name, variable] of variables) values.set(name, await variable.read());
  const frozen = freeze(program, values);
  const kept = new Set(
    frozen.nodes.map((node) => (node.kind === 'constant' ? node.attributes.data : undefined)),
  );
  freeArrays([...values.values()].filter((data) => !kept.has(data)));
  return frozen;
}
