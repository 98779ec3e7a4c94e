import type { LibraryHandle } from 'koffi';
import type { RankReduction } from '../../graph/op.js';

/** Numbers and addresses by which a library of MPI knows its objects. */
export interface MpiInterface {
  /** C type of handles. */
  readonly handle: 'int' | 'uintptr_t';
  readonly world: number;
  readonly float: number;
  readonly double: number;
  readonly operations: Readonly<Record<Exclude<RankReduction, 'mean'>, number>>;
  /** Stands for the send buffer where the receive buffer is both. */
  readonly inPlace: number;
  /** The level of thread support for calls from one thread at a time, whichever: `MPI_THREAD_SERIALIZED`. */
  readonly serialized: number;
  /** The error handler that has calls return a code. */
  readonly errorsReturn: number;
}

/** MPICH, and what keeps to its ABI: Intel MPI, MVAPICH, Cray MPICH. */
const MPICH: MpiInterface = {
  handle: 'int',
  world: 0x44000000,
  float: 0x4c00040a,
  double: 0x4c00080b,
  operations: { sum: 0x58000003, min: 0x58000002, max: 0x58000001 },
  inPlace: -1,
  serialized: 2,
  errorsReturn: 0x54000001,
};

/** The standard ABI of MPI 5.0 (section 20), from its published constants; not run yet. */
const STANDARD: MpiInterface = {
  handle: 'uintptr_t',
  world: 0x101,
  float: 0x210,
  double: 0x214,
  operations: { sum: 0x21, min: 0x22, max: 0x23 },
  inPlace: 1,
  serialized: 2048,
  errorsReturn: 0x143,
};

/** Open MPI, whose handles are addresses of exported objects. */
function openMpi(library: LibraryHandle): MpiInterface {
  const address = (name: string): number => Number(library.symbol(`ompi_mpi_${name}`));
  return {
    handle: 'uintptr_t',
    world: address('comm_world'),
    float: address('float'),
    double: address('double'),
    operations: { sum: address('op_sum'), min: address('op_min'), max: address('op_max') },
    inPlace: 1,
    serialized: 2,
    errorsReturn: address('errors_return'),
  };
}

/**
 * The interface of a loaded library.
 *
 * @param version as `MPI_Get_library_version` gives it
 */
export function interfaceOf(library: LibraryHandle, version: string): MpiInterface {
  if (hasSymbol(library, 'MPI_Abi_get_version') && !hasSymbol(library, 'ompi_mpi_comm_world'))
    return STANDARD;
  return /Open MPI/.test(version) ? openMpi(library) : MPICH;
}

function hasSymbol(library: LibraryHandle, name: string): boolean {
  try {
    library.symbol(name);
    return true;
  } catch {
    return false;
  }
}
