import type { Communicator } from '../../../distributed/communicator.js';

/** The rank whose ways all take. */
export const LEADER = 0;

/**
 * Gives all ranks the ways of the first one, which all must ask for at the same point: each rank's measurements would differ.
 *
 * @param ways names of ways by convolution, on the first rank; the others are given them
 */
export function shareWays(
  communicator: Communicator,
  ways: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const isLeader = communicator.rank === LEADER;
  const text = isLeader ? Buffer.from(JSON.stringify([...ways])) : Buffer.alloc(0);
  const length = Float64Array.of(text.length);
  communicator.broadcast(length, LEADER);
  // A byte in each number: communicators carry numbers alone.
  const bytes = new Float32Array(length[0]!);
  bytes.set(text);
  communicator.broadcast(bytes, LEADER);
  return new Map(JSON.parse(Buffer.from(bytes).toString('utf8')) as [string, string][]);
}
