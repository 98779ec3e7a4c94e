/**
 * Trains the tiny network for some steps on images made by a formula, each rank on its part of the batch, and prints losses and values.
 * Arguments: engine, loss, batches of a step, whether statistics are of all ranks, epochs of 20 batches (1).
 */
import { createHash } from 'node:crypto';
import { Loader } from '../../../src/data/loader.js';
import { launchedRanks } from '../../../src/distributed/launcher.js';
import { createEngine, type EngineName } from '../../../src/engines/createEngine.js';
import { biasLoss } from '../../../src/losses/biasLoss.js';
import { crossEntropyLoss } from '../../../src/losses/crossEntropy.js';
import { sgd } from '../../../src/optim/sgd.js';
import { evaluate } from '../../../src/train/evaluate.js';
import { Learner } from '../../../src/train/learner.js';
import { StepRunner } from '../../../src/train/stepRunner.js';
import { TINY_SIZE, TinyModel, tinyDataset } from '../../train/fixtures/tiny.js';
import { report } from './report.js';

const [engineName, lossName, accumulate, sync, epochs = '1'] = process.argv.slice(2);
const BATCH = 12;
const ranks = launchedRanks();
const engine = await createEngine(engineName as EngineName, { threads: 1 }, ranks);
const batchSize = BATCH / ranks.size;
const loss = lossName === 'ce' ? crossEntropyLoss() : biasLoss({ normMode: lossName as 'global' | 'local' });
const learner = await Learner.create({
  engine,
  model: new TinyModel(),
  loss,
  optimizer: sgd(),
  batchSize,
  ranks,
  syncBatchNorm: sync === 'sync',
  clipNorm: 1,
  seed: 3,
});
const loading = { batchSize, part: ranks, imageSize: TINY_SIZE };
const loader = new Loader(tinyDataset('train', 250), { ...loading, training: { seed: 5 } });
const runner = new StepRunner(learner, Number(accumulate));
const losses: number[] = [];
const top1: number[] = [];
let step = 0;
for (let epoch = 0; epoch < Number(epochs); epoch++)
  for await (const batch of loader.epoch(epoch)) {
    const totals = await runner.add(batch, { learningRate: 0.05, step, isLast: false });
    if (!totals) continue;
    losses.push(totals.loss / totals.batches);
    top1.push(totals.sums.top1);
    step++;
  }
// 20 images do not split evenly: the last batch is another rank's, or nobody's.
const test = new Loader(tinyDataset('test', 20), loading);
const accuracy = await evaluate(learner, test.epoch(0));
const state = [...(await learner.stateDict()), ...(await learner.trainingState())];
const hash = createHash('sha256');
const values: Record<string, number[]> = {};
for (const [name, { data }] of state) {
  hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  values[name] = Array.from(data, Number);
}
report({ rank: ranks.rank, losses, top1, accuracy, hash: hash.digest('hex'), values });
await loader.close();
await test.close();
await learner.close();
await engine.close();
