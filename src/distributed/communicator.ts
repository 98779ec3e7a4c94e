import type { RankReduction } from '../graph/op.js';

/** Numbers that ranks combine in place. */
export type ReducedArray = Float32Array | Float64Array;

/** Whether numbers are of 64 bits. */
export function isDouble(array: ReducedArray): array is Float64Array {
  return array.BYTES_PER_ELEMENT === 8;
}

/** Which of how many processes this one is. */
export interface Ranks {
  /** From 0 on. */
  readonly rank: number;
  /** Number of ranks. */
  readonly size: number;
}

/** A process on its own. */
export const SOLO: Ranks = { rank: 0, size: 1 };

/**
 * What the processes of a training, its ranks, do together. Every rank must make the same calls in the same order; a call
 * waits for the others. A single process has one, too: {@link soloCommunicator}.
 */
export interface Communicator extends Ranks {
  /** Library and version, human-readable. */
  readonly description: string;
  /** Combines each array with those of the other ranks, element by element; all ranks get the same bits. */
  allReduce(arrays: readonly ReducedArray[], fn: RankReduction): void;
  /** Gives all ranks the array of one of them. */
  broadcast(array: ReducedArray, root: number): void;
  /** Waits until all ranks are here. */
  barrier(): void;
  /** Ends all ranks at once with an exit code other than 0; does not return where there are several. */
  abort(exitCode: number): void;
  /** Leaves; waits for the others to leave, too. */
  close(): void;
}

/** The communicator of a process on its own. */
export const soloCommunicator: Communicator = {
  ...SOLO,
  description: 'one process',
  allReduce: () => undefined,
  broadcast: () => undefined,
  barrier: () => undefined,
  abort: () => undefined,
  close: () => undefined,
};
