/** Each rank trains the tiny network on its part of given batches, and reports initial values, the first gradient and values at the end. */
import { launchedRanks } from '../../../src/distributed/launcher.js';
import { createEngine } from '../../../src/engines/createEngine.js';
import { crossEntropyLoss } from '../../../src/losses/crossEntropy.js';
import { sgd } from '../../../src/optim/sgd.js';
import { Learner } from '../../../src/train/learner.js';
import { TinyModel } from '../../train/fixtures/tinyModel.js';
import { BATCH, imagesOf, labelsOf, RATE, STEPS } from '../ddpBatches.js';
import { report } from './report.js';

const ranks = launchedRanks();
const batchSize = BATCH / ranks.size;
const engine = await createEngine('onednn', { threads: 1 }, ranks);
const learner = await Learner.create({
  engine,
  model: new TinyModel(),
  loss: crossEntropyLoss(),
  optimizer: sgd({ momentum: 0.9, weightDecay: 1e-3 }),
  batchSize,
  ranks,
  seed: 3,
});
const partOf = (step: number): { images: Float32Array; labels: Int32Array } => {
  const images = imagesOf(step);
  const length = images.length / ranks.size;
  return {
    images: images.slice(ranks.rank * length, (ranks.rank + 1) * length),
    labels: labelsOf(step).slice(ranks.rank * batchSize, (ranks.rank + 1) * batchSize),
  };
};
const values = async (): Promise<Record<string, number[]>> =>
  Object.fromEntries(
    [...(await learner.stateDict())].map(([name, { data }]) => [name, Array.from(data, Number)]),
  );
const initial = await values();
const { gradients } = await learner.gradients(partOf(0));
for (let step = 0; step < STEPS; step++) await learner.step(partOf(step), { learningRate: RATE, step });
report({
  rank: ranks.rank,
  initial,
  gradients: Object.fromEntries([...gradients].map(([name, data]) => [name, Array.from(data)])),
  final: await values(),
});
await learner.close();
await engine.close();
