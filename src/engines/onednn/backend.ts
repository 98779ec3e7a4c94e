import { type Communicator, soloCommunicator } from '../../distributed/communicator.js';
import { UserError } from '../../errors.js';
import type { Program } from '../../graph/program.js';
import type { TensorType } from '../../graph/tensorType.js';
import { withoutCollectives } from '../../graph/withoutCollectives.js';
import type {
  BackendCompileOptions,
  BackendFactory,
  EngineBackend,
  EngineOptions,
  MachinePeaks,
  Precision,
} from '../engine.js';
import { requireBf16 } from './bf16.js';
import { bindLibrary } from './bindLibrary.js';
import type { Dnnl } from './dnnl.js';
import { DnnlExecutable } from './executable.js';
import { MachineCode } from './kernels/machineCode.js';
import { type DnnlLibrary, loadLibrary } from './library.js';
import { measurePeaks } from './peaks.js';
import { planProgram } from './plan/plan.js';
import { limitThreads, type ThreadLimit } from './threading.js';
import { MeasuredWays } from './tuning/measuredWays.js';
import { Tuning } from './tuning/tuning.js';
import { DnnlVariable } from './variables.js';

/** The engine on oneDNN: a program becomes a list of prepared primitives. */
export class DnnlBackend implements EngineBackend<DnnlVariable> {
  readonly description: string;
  readonly precision: Precision;
  private readonly machineCode: MachineCode | undefined;
  /** Undefined with several ranks: all are to take the same ways, however busy their machines are. */
  private readonly tuning: Tuning | undefined;
  /** Ways that convolutions were computed in, by what says all that they depend on; they are taken again. */
  private readonly pinned: Map<string, string>;

  constructor(
    private readonly library: DnnlLibrary,
    private readonly dnnl: Dnnl,
    private readonly options: Required<EngineOptions>,
    private readonly limit: ThreadLimit,
    private readonly communicator: Communicator = soloCommunicator,
  ) {
    const { threads, precision } = options;
    this.machineCode = MachineCode.open(library, threads);
    this.tuning = communicator.size === 1 ? Tuning.open(library, threads) : undefined;
    this.pinned = new Map(Object.entries(options.choices));
    this.precision = precision === 'auto' ? (library.fastBf16 ? 'bf16' : 'f32') : precision;
    const reason = library.fastBf16
      ? 'the processor multiplies bf16'
      : 'the processor does not multiply bf16';
    const usesKernels = this.hasOwnConvolutions(this.precision);
    this.description = [
      `oneDNN ${dnnl.version}`,
      `${library.instructionSet}${usesKernels ? ' with kernels of our own' : ''}`,
      limit.text,
      precision === 'auto' ? `${this.precision} (${reason})` : precision,
    ].join(', ');
  }

  variable(type: TensorType): DnnlVariable {
    return new DnnlVariable(type);
  }

  compile(program: Program, { variables, precision }: BackendCompileOptions<DnnlVariable>): DnnlExecutable {
    const { dnnl, machineCode } = this;
    const communicator = this.communicator;
    const whole = communicator.size === 1 ? withoutCollectives(program) : program;
    const native = { dnnl, machineCode, communicator };
    const settings = {
      traits: dnnl.traits,
      activation: precision === 'bf16' ? 'bf16' : 'f32',
      block: this.library.block,
      usesKernels: this.hasOwnConvolutions(precision),
    } as const;
    const ways = new MeasuredWays({
      ...settings,
      native,
      choices: this.tuning?.choicesFor(precision),
      pinned: this.pinned,
    });
    const plan = planProgram(dnnl, whole, { ...settings, ways, updatesByKernel: machineCode !== undefined });
    const measured = ways.keep();
    for (const [key, way] of ways.taken) this.pinned.set(key, way);
    return new DnnlExecutable(native, plan, (name) => variables.get(name)!.arena, measured);
  }

  /** Whether convolutions are computed by kernels of our own: on AVX2, and on AVX512 where the library has no Winograd. */
  private hasOwnConvolutions(precision: Precision): boolean {
    const { instructionSet, major } = this.library;
    const isWanted = instructionSet === 'AVX2' || major >= 3;
    return this.machineCode !== undefined && isWanted && precision === 'f32';
  }

  choices(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.pinned);
  }

  measurePeaks(): MachinePeaks {
    return measurePeaks(this.dnnl, this.options.threads);
  }

  close(): void {
    this.machineCode?.close();
    this.dnnl.close();
    this.limit.release();
  }
}

/**
 * Starts the engine.
 *
 * @throws UserError when oneDNN is not found, its version is not known, or it has no bf16 code for the processor
 */
export const createBackend: BackendFactory = (options, communicator) => {
  const library = loadLibrary();
  const dnnl = bindLibrary(library);
  if (options.precision === 'tf32')
    throw new UserError('the onednn engine computes in f32 or bf16, not in tf32, which NVIDIA GPUs have');
  if (options.precision === 'bf16') requireBf16(dnnl, library.instructionSet);
  const limit = limitThreads(library.handle, library.runtime, options.threads);
  return new DnnlBackend(library, dnnl, options, limit, communicator);
};
