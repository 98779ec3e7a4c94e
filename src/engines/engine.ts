import type { Communicator } from '../distributed/communicator.js';
import type { Phase } from '../graph/phase.js';
import type { Program } from '../graph/program.js';
import type { DType, Shape, TensorData, TensorType } from '../graph/tensorType.js';
import type { NamedInputs } from './imageBytes.js';

/** Host-side tensors by name, row-major. */
export type NamedData = Readonly<Record<string, TensorData>>;

/**
 * Arithmetic of convolutions and matrix products; everything else is f32 either way. `tf32` rounds operands to 10 bits of mantissa, for
 * an NVIDIA GPU's tensor cores, as PyTorch's convolutions do by default.
 */
export type Precision = 'f32' | 'tf32' | 'bf16';

/** A variable to create on an engine. */
export interface VariableSpec {
  readonly name: string;
  readonly shape: Shape;
  /** Default `f32`. */
  readonly dtype?: DType;
}

/**
 * Variables in an engine. Programs that are compiled with the same ones share their values, as training and
 * evaluation do; others, of whatever names, share nothing.
 */
export interface Variables {
  /** Types by name. */
  readonly types: ReadonlyMap<string, TensorType>;
  /**
   * Copies of values by name.
   *
   * @param names which (default: all)
   * @throws Error naming a variable that is not among these
   */
  read(names?: readonly string[]): Promise<Map<string, TensorData>>;
  /**
   * Sets values; the caller keeps the arrays.
   *
   * @throws Error naming a variable that is not among these, or has another size or type; none is set then
   */
  write(values: ReadonlyMap<string, TensorData>): Promise<void>;
  /** Frees the memory. Programs compiled with these variables can no longer run, unless they were frozen. */
  dispose(): Promise<void>;
}

/** Options of compiling a program. */
export interface CompileOptions {
  /** Where the program's variables are, by their names. Default: none, for programs without variables. */
  readonly variables?: Variables | readonly Variables[] | undefined;
  /**
   * Whether the variables' current values become constants, with batch normalisation folded into convolutions:
   * the program must have no updates, and later changes of the variables do not affect it. For evaluation. By default each run reads the current values and writes the updates.
   */
  readonly frozen?: boolean | undefined;
  /** Arithmetic of this program. Default: the engine's. */
  readonly precision?: Precision | undefined;
  /**
   * Whether all ranks compile this program at the same point, so that the first one's choices of algorithms can be taken by all.
   * Default false: a rank may compile a program alone, and measures nothing. One rank needs no word.
   */
  readonly together?: boolean | undefined;
}

/** Options of a run. */
export interface RunOptions {
  /** Seed of the program's random numbers. Default 0. */
  readonly seed?: number;
  /** Step number: random numbers depend on (seed, stream, step) and nothing else. Default 0. */
  readonly step?: number;
}

/** {@link ProfileEntry.implementation} of what is computed in TypeScript. */
export const TYPESCRIPT = 'TypeScript';

/** One executed primitive of a profiled run. */
export interface ProfileEntry {
  /** What was computed: `conv2d`, `batchNormTrain`, … */
  readonly operation: string;
  /** Human-readable shapes. */
  readonly detail: string;
  /** The implementation that the engine's library chose. */
  readonly implementation: string;
  readonly milliseconds: number;
  /** Floating-point operations (a multiply-add counts two). */
  readonly flops: number;
  /** Bytes read and written, each tensor once in each direction. */
  readonly bytes: number;
  /** Of the multiplied numbers. */
  readonly precision: Precision;
  /** Absent if the program is not a training step. */
  readonly phase?: Phase | undefined;
}

/** A machine's peak rates, measured by an engine's own library with a few well-shaped primitives. */
export interface MachinePeaks {
  /** Floating-point operations a second in f32. */
  readonly f32: number;
  /** Floating-point operations a second in bf16; undefined where the library does not compute in it. */
  readonly bf16: number | undefined;
  /** Floating-point operations a second in tf32; absent where the library does not compute in it. */
  readonly tf32?: number | undefined;
  /** Bytes a second to and from memory: a tensor that no cache holds, changed in place. */
  readonly memory: number;
  /** Bytes a second, read and written, of copying such a tensor. Less than {@link memory}: what is to be written over is read, too. */
  readonly copy: number;
}

/** What an engine holds. */
export interface EngineStatistics {
  /** Variables that are not disposed of. */
  readonly variables: number;
  /** Executables that are not closed. */
  readonly executables: number;
}

/** A program ready to run on an engine. */
export interface Executable {
  /** Its number of steps, and how many of them are computed in TypeScript; absent if unknown. */
  readonly description?: string | undefined;
  /**
   * Runs the program once and writes its updates.
   *
   * @param inputs every input of the program by name, but for those that the run before was given ahead; images may be bytes for engines
   *   with {@link Engine.takesBytes}. The engine may take over the arrays' buffers (transfer them to its worker): do not use them afterwards.
   * @param ahead inputs of the next run, which go up while this one computes; for engines with {@link Engine.takesAhead}. They are
   *   taken over, too. If the next run is given an input nonetheless, that one counts; a profile, or a run that fails, forgets them.
   * @returns the program's outputs by name
   * @throws Error naming the input, when one is missing or of the wrong size or type
   */
  run(inputs: NamedInputs, options?: RunOptions, ahead?: NamedInputs): Promise<Record<string, TensorData>>;
  /** Runs the program once, timing each primitive; absent if unsupported. */
  profile?(inputs: NamedInputs, options?: RunOptions): Promise<ProfileEntry[]>;
  /** Frees what the program holds. */
  close(): Promise<void>;
}

/** Runs programs, off the calling thread. */
export interface Engine {
  /** `onnx`, `onednn` or `reference`. */
  readonly name: string;
  /** Library, version, threads and instruction set, human-readable. */
  readonly description: string;
  readonly precision: Precision;
  /** Whether a run takes inputs of the next one, which go up meanwhile. Default false. */
  readonly takesAhead?: boolean | undefined;
  /**
   * Whether a run that is requested while another one is in progress begins on the device as soon as that ends, before the results of the
   * first are here. Other engines take it up then. Default false.
   */
  readonly runsAhead?: boolean | undefined;
  /** Whether an input [N, C, S, S] may be given as {@link ImageBytes}, which the engine crops, mirrors and normalises. Default false. */
  readonly takesBytes?: boolean | undefined;
  /**
   * Makes variables, zero, which live until they are disposed of.
   *
   * @throws Error naming a variable that is given twice
   */
  variables(specs: Iterable<VariableSpec>): Promise<Variables>;
  /**
   * Prepares a program.
   *
   * @throws Error when the engine cannot lower an operation (it names it), or naming a variable of the program that
   *   is not among those given, or has another type there
   */
  compile(program: Program, options?: CompileOptions): Promise<Executable>;
  /** Measures the machine's peaks with the engine's threads, in about a second; absent if unsupported. */
  measurePeaks?(): Promise<MachinePeaks>;
  /** What the engine currently holds. */
  statistics(): Promise<EngineStatistics>;
  /**
   * Which of several algorithms was taken for what, in the programs compiled so far, where that depends on measurements;
   * for {@link EngineOptions.choices}. Absent where nothing is chosen.
   */
  choices?(): Promise<Readonly<Record<string, string>>>;
  /**
   * Computes on another number of threads from now on, which {@link description} says then. Results differ in the last bits with it.
   * Absent where the number is fixed, or there is none: on several ranks, on a GPU, in the reference.
   *
   * @param threads at least 1; those above {@link mostThreads} are left out
   * @throws Error while there are executables: each is made for a number of threads, and is to be closed before
   */
  useThreads?(threads: number): Promise<void>;
  /** The most threads that it computes with, whatever it is told to, as `OMP_THREAD_LIMIT` may say; absent where nothing limits them. */
  readonly mostThreads?: number | undefined;
  /** Stops the worker and frees everything. Runs in progress are rejected. */
  close(): Promise<void>;
}

/** How far an engine is with timing a program's convolutions, which it does once on a machine. */
export interface Measuring {
  /** Convolutions of the program, gradients among them, whose fastest way is known. */
  readonly done: number;
  /** All of the program. */
  readonly total: number;
}

/** Takes an engine's progress; the last call has done = total. Called in order, never awaited. */
export type MeasuringListener = (progress: Measuring) => void;

/** Options that every engine takes. */
export interface EngineOptions {
  /** Threads of computation. Default: as many as the process may use, by its affinity and its control groups; ranks of one machine share them. */
  readonly threads?: number;
  /** Default `f32`. `auto` is bf16 if the engine and the processor support it natively, else f32. */
  readonly precision?: Precision | 'auto';
  /** What {@link Engine.choices} of an earlier engine said: taken again, so that the same bits are computed. Default: none. */
  readonly choices?: Readonly<Record<string, string>>;
  /** Called while convolutions are timed before a program can run, which takes some seconds. Default: nobody is told. */
  readonly onMeasuring?: MeasuringListener | undefined;
}

/** What a backend is made with. */
export type BackendOptions = Required<Omit<EngineOptions, 'onMeasuring'>>;

/** A variable on a backend, which frees it when it is disposed of. */
export interface BackendVariable {
  /** A copy of the value. */
  read(): TensorData | Promise<TensorData>;
  /** Sets the value; the backend takes over the array. */
  write(data: TensorData): void | Promise<void>;
  /** Frees the memory. The host runs no program that uses it afterwards. */
  dispose(): void | Promise<void>;
}

/** Arguments of a backend for compiling a program. */
export interface BackendCompileOptions<V extends BackendVariable = BackendVariable> {
  /** The program's variables by name. */
  readonly variables: ReadonlyMap<string, V>;
  /** Whether the program's variables were replaced by constants. */
  readonly frozen: boolean;
  readonly precision: Precision;
  /** As {@link CompileOptions.together}. */
  readonly together?: boolean | undefined;
  /** As {@link EngineOptions.onMeasuring}. */
  readonly onMeasuring?: MeasuringListener | undefined;
}

/**
 * The part of an engine that does the work, on any thread; {@link Engine} is its interface on the calling thread.
 *
 * The host calls one method at a time, waits for its promise before the next (but for {@link runsAhead}), and has checked before
 * that programs are well-formed, that names, sizes and types fit, and that frozen programs have no
 * updates; it has built in the values of their variables. A backend takes over the arrays that it is
 * given. Arrays that it returns are transferred away: they must be copies, never its own memory.
 */
export interface EngineBackend<V extends BackendVariable = BackendVariable>
  extends Pick<Engine, 'mostThreads'> {
  readonly description: string;
  /** Its arithmetic; `auto` is resolved. */
  readonly precision: Precision;
  /** As {@link Engine.takesAhead}. */
  readonly takesAhead?: boolean | undefined;
  /** As {@link Engine.runsAhead}: an executable's run may be called while one run, of this or another executable, is in progress. */
  readonly runsAhead?: boolean | undefined;
  /** As {@link Engine.takesBytes}. */
  readonly takesBytes?: boolean | undefined;
  /** Makes a variable, zero. */
  variable(type: TensorType): V | Promise<V>;
  /** Prepares a program; if that fails, everything is freed. */
  compile(
    program: Program,
    options: BackendCompileOptions<V>,
  ): BackendExecutable | Promise<BackendExecutable>;
  measurePeaks?(): MachinePeaks | Promise<MachinePeaks>;
  choices?(): Readonly<Record<string, string>>;
  /** Takes another number of threads, which programs that are compiled later have; there are no others then. */
  useThreads?(threads: number): void;
  close(): void | Promise<void>;
}

/** A program on a backend. */
export interface BackendExecutable {
  readonly description?: string | undefined;
  /**
   * Backends with {@link EngineBackend.takesBytes} take {@link ImageBytes}, too.
   *
   * @param ahead of backends with {@link EngineBackend.takesAhead}: inputs of the next run, which leaves them out or replaces them
   */
  run(
    inputs: NamedData,
    options: Required<RunOptions>,
    ahead?: NamedData,
  ): Record<string, TensorData> | Promise<Record<string, TensorData>>;
  profile?(inputs: NamedData, options: Required<RunOptions>): ProfileEntry[] | Promise<ProfileEntry[]>;
  close(): void | Promise<void>;
}

/**
 * What the module of a backend exports as `createBackend`.
 *
 * @param communicator the ranks whose programs run together
 * @throws UserError when the engine's library is missing or unusable, or does not support an option or several ranks
 */
export type BackendFactory = (
  options: BackendOptions,
  communicator: Communicator,
) => EngineBackend | Promise<EngineBackend>;
