import { errorMessage, UsageError, UserError } from '../../errors.js';
import type { Program } from '../../graph/program.js';
import { GraphError, type TensorData } from '../../graph/tensorType.js';
import type {
  CompileOptions,
  EngineOptions,
  MachinePeaks,
  NamedData,
  Precision,
  ProfileEntry,
  RunOptions,
} from '../engine.js';

/** Number by which both sides know an executable. */
export type ExecutableId = number;

/** What the calling thread can ask of an engine's worker. */
export interface Calls {
  start: {
    /** `module` is the URL of the backend's module. */
    readonly args: {
      readonly name: string;
      readonly module: string;
      readonly options: Required<EngineOptions>;
    };
    /** Whether the engine can measure the machine. */
    readonly result: {
      readonly description: string;
      readonly precision: Precision;
      readonly measures: boolean;
    };
  };
  compile: {
    readonly args: {
      readonly executable: ExecutableId;
      readonly program: Program;
      readonly options: Required<CompileOptions>;
    };
    /** Whether the executable can be profiled. */
    readonly result: { readonly profiles: boolean };
  };
  run: {
    readonly args: RunArguments;
    readonly result: Record<string, TensorData>;
  };
  profile: {
    readonly args: RunArguments;
    readonly result: ProfileEntry[];
  };
  measurePeaks: { readonly args: undefined; readonly result: MachinePeaks };
  release: { readonly args: { readonly executable: ExecutableId }; readonly result: undefined };
  read: {
    readonly args: { readonly names: readonly string[] | undefined };
    readonly result: Map<string, TensorData>;
  };
  write: { readonly args: { readonly values: ReadonlyMap<string, TensorData> }; readonly result: undefined };
  close: { readonly args: undefined; readonly result: undefined };
}

interface RunArguments {
  readonly executable: ExecutableId;
  readonly inputs: NamedData;
  readonly options: Required<RunOptions>;
}

/** Name of a call. */
export type CallName = keyof Calls;

/** A message to the worker. */
export type Request<C extends CallName = CallName> = {
  [P in C]: { readonly id: number; readonly call: P; readonly args: Calls[P]['args'] };
}[C];

/** The worker's answer to the request of the same id. */
export type Response =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: CarriedError };

/** An error as plain data. */
export interface CarriedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

/** Error classes that keep their identity on the way between threads; others arrive as Error under their name. */
const carriedClasses = { UserError, UsageError, GraphError, RangeError, TypeError };

/** Anything that was thrown, as plain data. */
export function packError(error: unknown): CarriedError {
  const known = error instanceof Error;
  return {
    name: known ? error.name : 'Error',
    message: errorMessage(error),
    stack: known ? error.stack : undefined,
  };
}

/** The error that {@link packError} packed, with its class and message, and the stack it had where it was thrown. */
export function unpackError({ name, message, stack }: CarriedError): Error {
  const known = Object.entries(carriedClasses).find(([className]) => className === name)?.[1];
  const error: Error = known ? new known(message) : new Error(message);
  if (error.name !== name) Object.defineProperty(error, 'name', { value: name });
  if (stack) error.stack = stack;
  return error;
}

/**
 * Gets arrays ready to be transferred: one that fills its buffer goes as it is; a view of a part, or of
 * shared memory, is copied, so that nothing else loses its contents.
 */
export function wholeBuffer<T extends TensorData>(array: T): T {
  const { buffer } = array;
  const owned = buffer instanceof ArrayBuffer && buffer.byteLength === array.byteLength;
  return owned ? array : (array.slice() as T);
}

/** The buffers of arrays that came from {@link wholeBuffer}, each once. */
export function buffersOf(arrays: Iterable<TensorData>): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { buffer } of arrays) if (buffer instanceof ArrayBuffer) buffers.add(buffer);
  return [...buffers];
}

interface Port {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
}

/** Posts a message and transfers buffers with it; copies them where their owner forbids the transfer. */
export function post<C extends CallName>(
  port: Port,
  message: Request<C> | Response,
  transfer: ArrayBuffer[],
): void {
  try {
    port.postMessage(message, transfer);
  } catch (error) {
    if (transfer.length === 0 || !(error instanceof Error) || error.name !== 'DataCloneError') throw error;
    port.postMessage(message, []);
  }
}
