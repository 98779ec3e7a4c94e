import { errorMessage, UserError } from '../../errors.js';
import { freeze } from '../../graph/freeze.js';
import type { OpAttributes } from '../../graph/op.js';
import { type Program, variablesOf } from '../../graph/program.js';
import { sizeOf, type TensorData } from '../../graph/tensorType.js';
import type { BackendExecutable, BackendFactory, EngineBackend, ProfileEntry } from '../engine.js';
import { VariableTypes } from './checks.js';
import { freeArrays } from './freeArrays.js';
import {
  buffersOf,
  type CallName,
  type Calls,
  type ExecutableId,
  packError,
  type Request,
  type Response,
  wholeBuffer,
} from './protocol.js';

type Handlers = {
  readonly [C in CallName]: (args: Calls[C]['args']) => Promise<Calls[C]['result']>;
};

/** The worker's side of an engine: carries out requests on a backend, one after the other. */
export class BackendServer {
  private backend: EngineBackend | undefined;
  private readonly executables = new Map<ExecutableId, BackendExecutable>();
  private readonly variables = new VariableTypes();
  private last: Promise<unknown> = Promise.resolve();

  /**
   * Carries out a request when those before it are done.
   *
   * @param reply takes the answer and the buffers to transfer with it
   */
  receive(request: Request, reply: (response: Response, transfer: ArrayBuffer[]) => void): void {
    this.last = this.last.then(async () => {
      try {
        const result = await this.dispatch(request);
        reply({ id: request.id, result }, buffersOf(arraysOf(result)));
      } catch (error) {
        reply({ id: request.id, error: packError(error) }, []);
      }
    });
  }

  private dispatch<C extends CallName>(request: Request<C>): Promise<Calls[C]['result']> {
    const handler: Handlers[C] = this.handlers[request.call];
    return handler(request.args);
  }

  private readonly handlers: Handlers = {
    start: async ({ name, module, options }) => {
      this.backend = await (await loadFactory(name, module))(options);
      const { description, precision, measurePeaks } = this.backend;
      return { description, precision, measures: measurePeaks !== undefined };
    },
    compile: async ({ executable, program, options }) => {
      const known = variablesOf(program).filter(({ name }) => this.variables.has(name));
      this.variables.checkProgram(program, options);
      const ready = options.variables === 'frozen' ? await this.freeze(program, known) : program;
      const compiled = await this.started().compile(ready, options);
      this.executables.set(executable, compiled);
      return { profiles: compiled.profile !== undefined };
    },
    run: async ({ executable, inputs, options }) => {
      const outputs = await this.find(executable).run(inputs, options);
      return Object.fromEntries(Object.entries(outputs).map(([name, data]) => [name, wholeBuffer(data)]));
    },
    profile: async ({ executable, inputs, options }) => {
      const entries: ProfileEntry[] | undefined = await this.find(executable).profile?.(inputs, options);
      if (!entries) throw new Error('this engine does not profile');
      return entries;
    },
    measurePeaks: async () => {
      const peaks = await this.started().measurePeaks?.();
      if (!peaks) throw new Error('this engine does not measure the machine');
      return peaks;
    },
    release: async ({ executable }) => {
      const compiled = this.find(executable);
      this.executables.delete(executable);
      await compiled.close();
      return undefined;
    },
    read: async ({ names }) => {
      this.variables.checkRead(names);
      const values = await this.started().read(names);
      return new Map([...values].map(([name, data]) => [name, wholeBuffer(data)]));
    },
    write: async ({ values }) => {
      this.variables.checkWrite(values);
      await this.started().write(values);
      return undefined;
    },
    close: async () => {
      for (const compiled of this.executables.values()) await compiled.close();
      this.executables.clear();
      await this.backend?.close();
      return undefined;
    },
  };

  /** The program with its variables' values built in, and batch normalisation folded into convolutions. */
  private async freeze(program: Program, known: readonly OpAttributes['variable'][]): Promise<Program> {
    const values = new Map(await this.started().read(known.map(({ name }) => name)));
    for (const { name, shape, dtype } of variablesOf(program)) {
      if (values.has(name)) continue;
      values.set(name, dtype === 'i32' ? new Int32Array(sizeOf(shape)) : new Float32Array(sizeOf(shape)));
    }
    const frozen = freeze(program, values);
    const kept = new Set(
      frozen.nodes.map((node) => (node.kind === 'constant' ? node.attributes.data : undefined)),
    );
    freeArrays([...values.values()].filter((data) => !kept.has(data)));
    return frozen;
  }

  private started(): EngineBackend {
    if (!this.backend) throw new Error('the engine has not started');
    return this.backend;
  }

  private find(id: ExecutableId): BackendExecutable {
    const executable = this.executables.get(id);
    if (!executable) throw new Error('the executable is closed');
    return executable;
  }
}

/** The backend's factory, by dynamic import, so that one engine's library is not needed for another. */
async function loadFactory(name: string, module: string): Promise<BackendFactory> {
  try {
    const { createBackend }: { createBackend: BackendFactory } = await import(module);
    return createBackend;
  } catch (error) {
    throw new UserError(`the ${name} engine cannot be loaded: ${errorMessage(error)}`);
  }
}

/** The arrays in a result, which are transferred. */
function arraysOf(result: Calls[CallName]['result']): TensorData[] {
  if (result === undefined) return [];
  const values: unknown[] = result instanceof Map ? [...result.values()] : Object.values(result);
  return values.filter((value) => value instanceof Float32Array || value instanceof Int32Array);
}
