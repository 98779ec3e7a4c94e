import { type Communicator, soloCommunicator } from '../../distributed/communicator.js';
import { UserError } from '../../errors.js';
import type { Program } from '../../graph/program.js';
import type { TensorType } from '../../graph/tensorType.js';
import { withoutCollectives } from '../../graph/withoutCollectives.js';
import type {
  BackendCompileOptions,
  BackendFactory,
  BackendOptions,
  EngineBackend,
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
import { revision } from './revision.js';
import { limitThreads, type ThreadLimit } from './threading.js';
import { MeasuredWays } from './tuning/measuredWays.js';
import { LEADER, shareWays } from './tuning/sharedWays.js';
import { Tuning } from './tuning/tuning.js';
import { DnnlVariable } from './variables.js';

/** The engine on oneDNN: a program becomes a list of prepared primitives. */
export class DnnlBackend implements EngineBackend<DnnlVariable> {
  readonly precision: Precision;
  /** Absent where the library takes as many threads as it likes. */
  readonly useThreads?: (threads: number) => void;
  private readonly machineCode: MachineCode | undefined;
  private tuning: Tuning;
  /** Ways that convolutions were computed in, by what says all that they depend on; they are taken again. */
  private readonly pinned: Map<string, string>;
  private threads: number;
  private readonly revision = revision();

  constructor(
    private readonly library: DnnlLibrary,
    private readonly dnnl: Dnnl,
    private readonly options: BackendOptions,
    private limit: ThreadLimit,
    private readonly communicator: Communicator = soloCommunicator,
  ) {
    const { precision } = options;
    const { threads } = limit;
    this.threads = threads;
    this.machineCode = MachineCode.open(library, threads);
    this.tuning = Tuning.open(library, threads);
    this.pinned = new Map(Object.entries(options.choices));
    this.precision = precision === 'auto' ? (library.fastBf16 ? 'bf16' : 'f32') : precision;
    if (limit.holds) this.useThreads = (count) => this.changeThreads(count);
  }

  get description(): string {
    const { library, dnnl, precision } = this;
    const reason = library.fastBf16
      ? 'the processor multiplies bf16'
      : 'the processor does not multiply bf16';
    return [
      `oneDNN ${dnnl.version}`,
      `${library.instructionSet}${this.machineCode ? ' with kernels of our own' : ''}`,
      `engine build ${this.revision}`,
      this.limit.text,
      this.options.precision === 'auto' ? `${precision} (${reason})` : precision,
    ].join(', ');
  }

  get mostThreads(): number | undefined {
    return this.limit.most;
  }

  variable(type: TensorType): DnnlVariable {
    return new DnnlVariable(type);
  }

  compile(program: Program, options: BackendCompileOptions<DnnlVariable>): DnnlExecutable {
    const { variables, precision, onMeasuring, together = false } = options;
    const { dnnl, machineCode, library } = this;
    const communicator = this.communicator;
    const whole = communicator.size === 1 ? withoutCollectives(program) : program;
    const native = { dnnl, machineCode, communicator };
    const settings = {
      traits: dnnl.traits,
      activation: precision === 'bf16' ? 'bf16' : 'f32',
      block: library.block,
      usesKernels: machineCode !== undefined,
      fastBf16: library.fastBf16,
      hasTiles: library.hasTiles,
    } as const;
    const isShared = together && communicator.size > 1;
    const leads = isShared && communicator.rank === LEADER;
    if (isShared && !leads) this.pin(shareWays(communicator, this.pinned));
    const ways = new MeasuredWays({
      ...settings,
      native,
      kept: communicator.size === 1 || leads ? this.tuning.ways() : undefined,
      pinned: this.pinned,
      convolutions: whole.nodes.filter(({ kind }) => kind.startsWith('conv2d')).length,
      onMeasuring,
    });
    const plan = planProgram(dnnl, whole, { ...settings, ways, updatesByKernel: machineCode !== undefined });
    const measured = ways.keep();
    this.pin(ways.taken);
    if (leads) shareWays(communicator, ways.taken);
    return new DnnlExecutable(native, plan, (name) => variables.get(name)!.arena, measured);
  }

  private pin(ways: ReadonlyMap<string, string>): void {
    for (const [key, way] of ways) this.pinned.set(key, way);
  }

  choices(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.pinned);
  }

  measurePeaks(): MachinePeaks {
    return measurePeaks(this.dnnl, this.threads);
  }

  close(): void {
    this.machineCode?.close();
    this.dnnl.close();
    this.limit.release();
  }

  /** Primitives are made for a number of threads, by which they divide work and memory: none is left from before. */
  private changeThreads(wanted: number): void {
    const { handle, runtime } = this.library;
    this.limit.release();
    this.limit = limitThreads(handle, runtime, wanted);
    const { threads } = this.limit;
    this.threads = threads;
    this.machineCode?.useThreads(threads);
    this.tuning = Tuning.open(this.library, threads);
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
