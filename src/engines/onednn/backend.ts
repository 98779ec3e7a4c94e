import { UserError } from '../../errors.js';
import { type Program, variablesOf } from '../../graph/program.js';
import type { TensorData } from '../../graph/tensorType.js';
import type {
  BackendFactory,
  CompileOptions,
  EngineBackend,
  EngineOptions,
  MachinePeaks,
  Precision,
} from '../engine.js';
import type { Dnnl } from './dnnl.js';
import { DnnlExecutable } from './executable.js';
import { type DnnlLibrary, loadLibrary, setThreads } from './library.js';
import { measurePeaks } from './peaks.js';
import { fuse } from './plan/fuse.js';
import { planNodes } from './plan/plan.js';
import { Usage } from './plan/planNode.js';
import { Planner } from './plan/planner.js';
import { DnnlV2 } from './v2/dnnl.js';
import { DnnlV3 } from './v3/dnnl.js';
import { DnnlVariables } from './variables.js';

/** The engine on oneDNN: a program becomes a list of prepared primitives. */
class DnnlBackend implements EngineBackend {
  readonly description: string;
  readonly precision: Precision;
  private readonly variables = new DnnlVariables();

  constructor(
    private readonly library: DnnlLibrary,
    private readonly dnnl: Dnnl,
    private readonly options: Required<EngineOptions>,
    takesThreads: boolean,
  ) {
    const { threads, precision } = options;
    this.precision = precision === 'auto' ? (library.fastBf16 ? 'bf16' : 'f32') : precision;
    const reason = library.fastBf16
      ? 'the processor multiplies bf16'
      : 'the processor does not multiply bf16';
    this.description = [
      `oneDNN ${dnnl.version}`,
      library.instructionSet,
      takesThreads ? `${threads} ${threads === 1 ? 'thread' : 'threads'}` : 'threads as it chooses',
      precision === 'auto' ? `${this.precision} (${reason})` : precision,
    ].join(', ');
  }

  compile(program: Program, { precision }: Required<CompileOptions>): DnnlExecutable {
    for (const variable of variablesOf(program)) this.variables.declare(variable);
    const nodes = fuse(program);
    const blocks = this.library.instructionSet.startsWith('AVX512');
    const planner = new Planner(
      this.dnnl,
      program,
      new Usage(nodes, program),
      precision ?? this.precision,
      blocks,
    );
    const ends = planNodes(planner, nodes, (name) => this.variables.address(name));
    return new DnnlExecutable(this.dnnl, planner, ends, (address) => this.variables.arenaAt(address));
  }

  read(names?: readonly string[]): Map<string, TensorData> {
    return this.variables.read(names);
  }

  write(values: ReadonlyMap<string, TensorData>): void {
    this.variables.write(values);
  }

  measurePeaks(): MachinePeaks {
    return measurePeaks(this.dnnl, this.options.threads);
  }

  close(): void {
    this.variables.clear();
    this.dnnl.close();
  }
}

/** The bindings of a library's version. */
function bind(library: DnnlLibrary): Dnnl {
  if (library.major === 2 && library.minor >= 6) return new DnnlV2(library);
  if (library.major === 3) return new DnnlV3(library);
  throw new UserError(`${library.path} is oneDNN ${library.version}; this engine knows 2.6, 2.7 and 3`);
}

/**
 * Starts the engine.
 *
 * @throws UserError when oneDNN is not found, or its version is not known
 */
export const createBackend: BackendFactory = (options) => {
  const library = loadLibrary();
  const dnnl = bind(library);
  return new DnnlBackend(library, dnnl, options, setThreads(library, options.threads));
};
