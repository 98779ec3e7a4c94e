/** Each rank combines numbers with the others and prints what it got. */
import { launchedRanks } from '../../../src/distributed/launcher.js';
import { openCommunicator } from '../../../src/distributed/mpi/mpiCommunicator.js';
import { setTransports } from '../../../src/distributed/mpi/transports.js';
import { report } from './report.js';

setTransports();
const communicator = openCommunicator(launchedRanks());
const { rank, size, description } = communicator;
const numbers = (): Float32Array => Float32Array.of(rank + 1, -rank, 0.5);
const [sum, mean, least, greatest] = (['sum', 'mean', 'min', 'max'] as const).map((fn) => {
  const array = numbers();
  communicator.allReduce([array], fn);
  return [...array];
});
// Small ones are joined around a large one, which is combined in place.
const parts = [new Float32Array(3), new Float32Array(20_000), new Float32Array(5)];
for (const [i, part] of parts.entries()) part.fill((rank + 1) * (i + 1));
communicator.allReduce(parts, 'sum');
const joined = parts.map((part) => [part.length, Math.min(...part), Math.max(...part)]);
// Neighbours in memory, with a gap, are combined as one.
const memory = new Float32Array(40).fill(rank + 1);
const neighbours = [memory.subarray(0, 3), memory.subarray(16, 18), memory.subarray(36)];
communicator.allReduce(neighbours, 'mean');
const inRow = neighbours.map((part) => [part.length, Math.min(...part), Math.max(...part)]);
// More than what is combined at once, whose last piece is small.
const long = Float32Array.from({ length: 2 ** 22 + 5 }, (_, i) => (i % 1000) + rank);
communicator.allReduce([long], 'sum');
const wrong = long.findIndex((sum, i) => sum !== size * (i % 1000) + (size * (size - 1)) / 2);
const doubles = [Float64Array.of(rank + 2 ** -40), Float64Array.of(1)];
communicator.allReduce(doubles, 'sum');
const sent = Float32Array.of(rank, 10 * rank);
communicator.broadcast(sent, size - 1);
communicator.barrier();
const record = {
  rank,
  size,
  description,
  sum,
  mean,
  least,
  greatest,
  joined,
  inRow,
  apart: memory[35],
  wrong,
  doubles: doubles.map(([v]) => v),
  sent: [...sent],
};
report(record);
communicator.close();
