import type { Program } from '../../graph/program.js';
import type { TensorData } from '../../graph/tensorType.js';
import type {
  EngineStatistics,
  MachinePeaks,
  Precision,
  ProfileEntry,
  RunOptions,
  VariableSpec,
} from '../engine.js';
import type { NamedInputs } from '../imageBytes.js';

/** Number that identifies an executable on both sides. */
export type ExecutableId = number;

/** Number that identifies a set of variables on both sides. */
export type VariablesId = number;

/** Description of a backend. */
export interface BackendAbout {
  readonly description: string;
  readonly precision: Precision;
  /** Whether it can measure the machine's peaks. */
  readonly measures: boolean;
  /** Whether it chooses among algorithms. */
  readonly chooses: boolean;
  /** Whether its number of threads can be changed. */
  readonly rethreads: boolean;
  /** The most threads that it computes with; undefined: nothing limits them. */
  readonly mostThreads: number | undefined;
  /** Whether a run takes inputs of the next one. */
  readonly takesAhead: boolean;
  /** Whether a run starts while the one before it is in progress. */
  readonly runsAhead: boolean;
  /** Whether images may be bytes. */
  readonly takesBytes: boolean;
}

/** A program and what it is compiled with. */
export interface CompileArguments {
  readonly executable: ExecutableId;
  readonly program: Program;
  readonly variables: readonly VariablesId[];
  readonly frozen: boolean;
  readonly precision: Precision;
  readonly together: boolean;
}

/** Inputs of a run. */
export interface RunArguments {
  readonly executable: ExecutableId;
  readonly inputs: NamedInputs;
  readonly options: Required<RunOptions>;
  /** Inputs of the next run. */
  readonly ahead?: NamedInputs | undefined;
}

/**
 * Calls from the calling thread to an engine's worker.
 *
 * @typeParam Start what the worker makes its backend by
 */
export interface EngineCalls<Start> {
  start(args: Start): BackendAbout;
  makeVariables(args: {
    readonly variables: VariablesId;
    readonly specs: readonly Required<VariableSpec>[];
  }): void;
  readVariables(args: {
    readonly variables: VariablesId;
    readonly names: readonly string[] | undefined;
  }): Map<string, TensorData>;
  writeVariables(args: {
    readonly variables: VariablesId;
    readonly values: ReadonlyMap<string, TensorData>;
  }): void;
  disposeVariables(args: { readonly variables: VariablesId }): void;
  /** Says whether the executable can be profiled. */
  compile(args: CompileArguments): { readonly profiles: boolean; readonly description: string | undefined };
  run(args: RunArguments): Record<string, TensorData>;
  profile(args: RunArguments): ProfileEntry[];
  release(args: { readonly executable: ExecutableId }): void;
  measurePeaks(args: undefined): MachinePeaks;
  statistics(args: undefined): EngineStatistics;
  choices(args: undefined): Readonly<Record<string, string>>;
  /** Returns the description that the backend has then. */
  useThreads(args: { readonly threads: number }): string;
  close(args: undefined): void;
}
