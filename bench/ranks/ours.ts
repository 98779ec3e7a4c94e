/**
 * Training steps of one rank, under mpirun: `ours.js MODEL BATCH STEPS THREADS HOW PRECISION`, where BATCH is this rank's part, HOW is `own` or
 * `sync`, statistics of batch normalisation, `alone`, without the other ranks, or `apart`, when all begin each step together but combine nothing, and
 * PRECISION f32 or bf16. Rank 0 prints the seconds of each step, those of the slowest rank where they are apart, and what computed.
 */
import { SOLO, soloCommunicator } from '../../src/distributed/communicator.js';
import { launchedRanks } from '../../src/distributed/launcher.js';
import { openCommunicator } from '../../src/distributed/mpi/mpiCommunicator.js';
import { setTransports } from '../../src/distributed/mpi/transports.js';
import { createEngine } from '../../src/engines/createEngine.js';
import { biasLoss, createModel, Learner, sgd } from '../../src/index.js';
import { families } from '../../src/models/registry.js';
import { parseModel } from '../models.js';
import { randomImages } from '../session.js';
import type { RankTimes } from './rankProcess.js';

/** Steps before time is taken: the first compiles, and memory is new. */
const WARM_UP = 3;

const [label = '', batch = '', steps = '', threads = '', how = '', precision = ''] = process.argv.slice(2);
const launched = launchedRanks();
const ranks = how === 'alone' || how === 'apart' ? { ...SOLO, localSize: 1 } : launched;
setTransports();
const beside = how === 'apart' ? openCommunicator(launched) : soloCommunicator;
const { workload } = parseModel(label);
const model = createModel({
  name: workload.model,
  classes: workload.classes,
  imageSize: workload.image_size,
  ...families.optionsOf(workload),
});
const engine = await createEngine(
  'onednn',
  { threads: Number(threads), precision: precision === 'bf16' ? 'bf16' : 'f32' },
  ranks,
);
const learner = await Learner.create({
  engine,
  model,
  loss: biasLoss(),
  optimizer: sgd({ momentum: 0.9, weightDecay: 1e-4 }),
  batchSize: Number(batch),
  ranks,
  syncBatchNorm: how === 'sync',
});
const images = randomImages(learner);
const labels = Int32Array.from({ length: learner.batchSize }, (_, i) => (i * 7 + 3) % workload.classes);
const seconds: number[] = [];
for (let step = -WARM_UP; step < Number(steps); step++) {
  const given = { images: images.slice(), labels: labels.slice() };
  beside.barrier();
  const begin = performance.now();
  await learner.step(given, { learningRate: 0.1, step: step + WARM_UP });
  if (step >= 0) seconds.push((performance.now() - begin) / 1000);
}
const slowest = Float64Array.from(seconds);
beside.allReduce([slowest], 'max');
if (launched.rank === 0) {
  const times: RankTimes = { seconds: [...slowest], version: engine.description };
  process.stdout.write(`${JSON.stringify(times)}\n`);
}
await learner.close();
await engine.close();
beside.close();
