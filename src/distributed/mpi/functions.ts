import { UserError } from '../../errors.js';
import type { MpiLibrary } from './library.js';

/** Longest text of an error, in any library. */
const MOST_CHARACTERS = 8192;

/** The functions of MPI that are used, which throw where MPI returns an error. Buffers are given by their addresses. */
export interface MpiFunctions {
  /** @throws UserError when the library cannot be called from another thread than the main one */
  init(): void;
  rank(): number;
  size(): number;
  /** @param operation as {@link MpiLibrary.interface} numbers it */
  allReduce(address: number, count: number, type: number, operation: number): void;
  broadcast(address: number, count: number, type: number, root: number): void;
  barrier(): void;
  abort(exitCode: number): void;
  finalize(): void;
}

/** Binds a library's functions. */
export function bindMpi(library: MpiLibrary): MpiFunctions {
  const { handle, world, inPlace } = library.interface;
  const bound = <A extends readonly number[]>(name: string, types: string): ((...args: A) => void) =>
    checked(library, name, types);
  // intptr_t, since MPI_IN_PLACE is −1 in MPICH.
  const allReduce = bound('MPI_Allreduce', `intptr_t, uintptr_t, int, ${handle}, ${handle}, ${handle}`);
  const broadcast = bound('MPI_Bcast', `uintptr_t, int, ${handle}, int, ${handle}`);
  const barrier = bound('MPI_Barrier', handle);
  const abort = bound('MPI_Abort', `${handle}, int`);
  const finalize = bound('MPI_Finalize', '');
  const number = (name: string): number => {
    const result = new Int32Array(1);
    checked<[number, Int32Array]>(library, name, `${handle}, void *`)(world, result);
    return result[0]!;
  };
  return {
    init: () => initialise(library),
    rank: () => number('MPI_Comm_rank'),
    size: () => number('MPI_Comm_size'),
    allReduce: (address, count, type, operation) =>
      allReduce(inPlace, address, count, type, operation, world),
    broadcast: (address, count, type, root) => broadcast(address, count, type, root, world),
    barrier: () => barrier(world),
    abort: (exitCode) => abort(world, exitCode),
    finalize: () => finalize(),
  };
}

/** Starts MPI, whose calls return codes from then on. */
function initialise(library: MpiLibrary): void {
  const { handle, world, serialized, errorsReturn } = library.interface;
  const granted = new Int32Array(1);
  const types = 'uintptr_t, uintptr_t, int, void *';
  checked<[number, number, number, Int32Array]>(library, 'MPI_Init_thread', types)(0, 0, serialized, granted);
  if (granted[0]! < serialized)
    throw new UserError(
      `${library.version} was built without threads: it cannot be called from an engine's worker`,
    );
  checked(library, 'MPI_Comm_set_errhandler', `${handle}, ${handle}`)(world, errorsReturn);
}

/** A function of MPI that throws what its code means, where that is not 0. */
function checked<A extends readonly (number | Int32Array)[] = readonly number[]>(
  { handle: library, version }: MpiLibrary,
  name: string,
  types: string,
): (...args: A) => void {
  const call = library.func(`int ${name}(${types})`);
  const errorString = library.func('int MPI_Error_string(int, void *, void *)');
  return (...args) => {
    const code = call(...args);
    if (code === 0) return;
    const text = Buffer.alloc(MOST_CHARACTERS);
    const length = new Int32Array(1);
    errorString(code, text, length);
    throw new UserError(`${version}: ${name} failed: ${text.toString('latin1', 0, length[0]!).trim()}`);
  };
}
