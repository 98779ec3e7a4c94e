import type { Phase } from '../graph/phase.js';
import type { Program } from '../graph/program.js';
import type { TensorData } from '../graph/tensorType.js';

/** Host-side tensors by name, row-major. */
export type NamedData = Readonly<Record<string, TensorData>>;

/** Arithmetic of convolutions and matrix products; everything else is f32 either way. */
export type Precision = 'f32' | 'bf16';

/** How a program is compiled. */
export interface CompileOptions {
  /**
   * `live` (default): each run reads the variables' present values, and writes the updates.
   * `frozen`: the present values are built in, with batch normalisation folded into convolutions; the program
   * must have no updates, and later changes of variables do not reach it. For evaluation.
   */
  readonly variables?: 'live' | 'frozen';
  /** Arithmetic of this program alone. Default: the engine's. */
  readonly precision?: Precision | undefined;
}

/** What one run may be given besides its inputs. */
export interface RunOptions {
  /** Seed of the program's random numbers. Default 0. */
  readonly seed?: number;
  /** Step number: random numbers depend on (seed, stream, step) and nothing else. Default 0. */
  readonly step?: number;
}

/** One executed primitive of a profiled run. */
export interface ProfileEntry {
  /** What was computed: `conv2d`, `batchNormTrain`, … */
  readonly operation: string;
  /** Shapes, for a person. */
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
  /** Absent where the program is no training step. */
  readonly phase?: Phase | undefined;
}

/** What a machine can do at most, as an engine's own library shows with few, well-shaped primitives. */
export interface MachinePeaks {
  /** Floating-point operations a second in f32. */
  readonly f32: number;
  /** Floating-point operations a second in bf16; undefined where the library does not compute in it. */
  readonly bf16: number | undefined;
  /** Bytes a second to and from memory: a tensor that no cache holds, changed in place. */
  readonly memory: number;
  /**
   * Bytes a second, read and written, of copying such a tensor. Less than {@link memory}, since the
   * processor reads what is to be written over, too.
   */
  readonly copy: number;
}

/** A program ready to run on an engine. */
export interface Executable {
  /**
   * Runs the program once and writes its updates.
   *
   * @param inputs every input of the program by name. The engine may take over the arrays' buffers
   *   (transfer them to its worker): do not use them afterwards.
   * @returns the program's outputs by name
   * @throws Error naming the input, when one is missing or of the wrong size or type
   */
  run(inputs: NamedData, options?: RunOptions): Promise<Record<string, TensorData>>;
  /** Runs the program once, timing each primitive; absent where the engine cannot. */
  profile?(inputs: NamedData, options?: RunOptions): Promise<ProfileEntry[]>;
  /** Frees what the program holds. */
  close(): Promise<void>;
}

/**
 * Runs programs. Variables live in the engine by name and are shared by all of its executables, so that
 * an evaluation sees what training has learned. The work is done off the calling thread.
 */
export interface Engine {
  /** `onnx`, `onednn` or `reference`. */
  readonly name: string;
  /** Library, version, threads and instruction set, for a person. */
  readonly description: string;
  readonly precision: Precision;
  /**
   * Prepares a program. Variables that are not in the engine yet begin as zeros.
   *
   * @throws Error when the engine cannot lower an operation (it names it), or a variable is in the
   *   engine with another shape
   */
  compile(program: Program, options?: CompileOptions): Promise<Executable>;
  /**
   * Copies of variables by name.
   *
   * @param names which (default: all)
   * @throws Error naming a variable that the engine does not have
   */
  read(names?: readonly string[]): Promise<Map<string, TensorData>>;
  /**
   * Sets variables, whether or not the engine has them yet.
   *
   * @throws Error naming a variable that the engine has with another size
   */
  write(values: ReadonlyMap<string, TensorData>): Promise<void>;
  /** Measures what the machine can do with the engine's threads, in about a second; absent where the engine cannot. */
  measurePeaks?(): Promise<MachinePeaks>;
  /** Stops the worker and frees everything. Runs in progress are rejected. */
  close(): Promise<void>;
}

/** Options that every engine takes. */
export interface EngineOptions {
  /** Threads of computation. Default: as many as the process may use. */
  readonly threads?: number;
  /** Default `f32`. `auto` is bf16 where the engine and the processor compute in it fast, else f32. */
  readonly precision?: Precision | 'auto';
}

/**
 * The part of an engine that does the work, on whatever thread it is put; {@link Engine} is its face on the calling thread.
 *
 * The host calls one method at a time, waits for its promise before the next, and has checked before
 * that programs are well-formed, that names, sizes and types fit, and that frozen programs have no
 * updates; it has built in the values of their variables. Arrays that a backend is given are its own from then
 * on. Arrays that it returns are transferred away: they must be copies, never its own memory.
 */
export interface EngineBackend {
  readonly description: string;
  /** What it computes in; `auto` is resolved. */
  readonly precision: Precision;
  /** Variables that the backend does not have yet begin as zeros. */
  compile(
    program: Program,
    options: Required<CompileOptions>,
  ): BackendExecutable | Promise<BackendExecutable>;
  read(names?: readonly string[]): Map<string, TensorData> | Promise<Map<string, TensorData>>;
  write(values: ReadonlyMap<string, TensorData>): void | Promise<void>;
  measurePeaks?(): MachinePeaks | Promise<MachinePeaks>;
  close(): void | Promise<void>;
}

/** A program on a backend. */
export interface BackendExecutable {
  run(
    inputs: NamedData,
    options: Required<RunOptions>,
  ): Record<string, TensorData> | Promise<Record<string, TensorData>>;
  profile?(inputs: NamedData, options: Required<RunOptions>): ProfileEntry[] | Promise<ProfileEntry[]>;
  close(): void | Promise<void>;
}

/**
 * What the module of a backend exports as `createBackend`.
 *
 * @throws UserError when the engine's library is missing or unfit, or an option is beyond it
 */
export type BackendFactory = (options: Required<EngineOptions>) => EngineBackend | Promise<EngineBackend>;
