/** Under mpirun: rank 0 prints the median seconds in which all ranks add up one number. */
import { launchedRanks } from '../../src/distributed/launcher.js';
import { openCommunicator } from '../../src/distributed/mpi/mpiCommunicator.js';
import { calmUcx } from '../../src/distributed/mpi/ucx.js';
import type { RankTimes } from './rankProcess.js';

const TIMES = 300;

calmUcx();
const communicator = openCommunicator(launchedRanks());
const number = [new Float32Array(1)];
const seconds: number[] = [];
for (let i = 0; i < TIMES; i++) {
  const begin = performance.now();
  communicator.allReduce(number, 'min');
  seconds.push((performance.now() - begin) / 1000);
}
if (communicator.rank === 0) {
  const times: RankTimes = { seconds, version: communicator.description };
  process.stdout.write(`${JSON.stringify(times)}\n`);
}
communicator.close();
