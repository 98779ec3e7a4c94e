import koffi from 'koffi';
import { UserError } from '../../errors.js';
import type { RankReduction } from '../../graph/op.js';
import { inBuckets, inPieces, Scratch } from '../bucket.js';
import { type Communicator, isDouble, type ReducedArray, soloCommunicator } from '../communicator.js';
import type { LaunchedRanks, MpiKind } from '../launcher.js';
import { bindMpi } from './functions.js';
import { loadMpi } from './library.js';

/**
 * Most elements that ranks of one machine combine at once, 4 MiB: what the library puts aside for them stays in the cache and is not new memory
 * each time. Between machines every call more would be messages to wait for.
 */
const PIECE = 1 << 20;

/** Launchers by the kind of MPI they belong to, for messages. */
const launcherNames: Readonly<Record<MpiKind, string>> = {
  openmpi: 'Open MPI’s mpirun',
  mpich: 'MPICH’s mpiexec or another of PMI',
  any: 'srun',
};

/**
 * Joins the ranks that a launcher has started, after {@link setTransports}; without a launcher, or where it started one process, the communicator of one. To be called once in a
 * process, on the thread that will use it.
 *
 * @throws UserError when MPI is missing, or does not see the ranks that the launcher has started
 */
export function openCommunicator({ kind, rank, size, localSize }: LaunchedRanks): Communicator {
  if (kind === undefined || size === 1) return soloCommunicator;
  const library = loadMpi(kind);
  const mpi = bindMpi(library);
  mpi.init();
  const found = { rank: mpi.rank(), size: mpi.size() };
  if (found.size !== size || found.rank !== rank)
    throw new UserError(
      `${launcherNames[kind]} started this process as rank ${rank} of ${size}, but ${library.version} (${library.path}) sees rank ${found.rank} of ${found.size}: the library must be the launcher's own, which BIASLOSS_MPI may name`,
    );
  const { float, double, operations } = library.interface;
  const typeOf = (array: ReducedArray): number => (isDouble(array) ? double : float);
  const scratch = new Scratch();
  const most = localSize === size ? PIECE : Number.POSITIVE_INFINITY;
  const combine = (array: ReducedArray, fn: RankReduction): void => {
    mpi.allReduce(addressOf(array), array.length, typeOf(array), operations[fn === 'mean' ? 'sum' : fn]);
    if (fn === 'mean') scale(array, 1 / size);
  };
  return {
    rank,
    size,
    description: library.version,
    allReduce: (arrays, fn) =>
      inBuckets(arrays, scratch, (array) => {
        for (const piece of inPieces(array, most)) combine(piece, fn);
      }),
    broadcast: (array, root) => mpi.broadcast(addressOf(array), array.length, typeOf(array), root),
    barrier: () => mpi.barrier(),
    abort: (exitCode) => mpi.abort(exitCode),
    close: () => mpi.finalize(),
  };
}

function addressOf({ buffer, byteOffset }: ReducedArray): number {
  return Number(koffi.address(buffer)) + byteOffset;
}

function scale(array: ReducedArray, factor: number): void {
  for (let i = 0; i < array.length; i++) array[i] = array[i]! * factor;
}
