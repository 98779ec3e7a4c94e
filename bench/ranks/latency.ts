/** Under mpirun: rank 0 prints the seconds in which all ranks combine one number, means of {@link TOGETHER} times. */
import { launchedRanks } from '../../src/distributed/launcher.js';
import { openCommunicator } from '../../src/distributed/mpi/mpiCommunicator.js';
import { setTransports } from '../../src/distributed/mpi/transports.js';
import type { RankTimes } from './rankProcess.js';

const TIMES = 30;

/** One alone may take no time or twice the time, depending on who was first. */
const TOGETHER = 20;

setTransports();
const communicator = openCommunicator(launchedRanks());
const number = [new Float32Array(1)];
const seconds: number[] = [];
for (let i = 0; i < TIMES; i++) {
  const begin = performance.now();
  for (let each = 0; each < TOGETHER; each++) communicator.allReduce(number, 'min');
  seconds.push((performance.now() - begin) / 1000 / TOGETHER);
}
if (communicator.rank === 0) {
  const times: RankTimes = { seconds, version: communicator.description };
  process.stdout.write(`${JSON.stringify(times)}\n`);
}
communicator.close();
