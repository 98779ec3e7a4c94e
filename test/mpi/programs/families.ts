/**
 * For each model that is named, ranks compute loss and gradients of their parts of a batch with synchronised statistics; one rank also
 * computes them of the whole batch on its own, each in turn, and reports how far they are apart. The engine is the reference: networks with initial values are chaotic, so that
 * rounding in 32 bits alone changes gradients by some percent.
 */
import { launchedRanks } from '../../../src/distributed/launcher.js';
import { createEngine } from '../../../src/engines/createEngine.js';
import type { Engine } from '../../../src/engines/engine.js';
import { biasLoss } from '../../../src/losses/biasLoss.js';
import { families } from '../../../src/models/registry.js';
import { sgd } from '../../../src/optim/sgd.js';
import { uniformSource } from '../../../src/random.js';
import { Learner } from '../../../src/train/learner.js';
import type { GradientResult } from '../../../src/train/stepResult.js';
import { report } from './report.js';

const [CLASSES, BATCH] = [5, 4];
const ranks = launchedRanks();
const draw = uniformSource(7, 'images');
const labels = Int32Array.from({ length: BATCH }, (_, i) => (3 * i + 1) % CLASSES);

async function gradientsOf(name: string, engine: Engine, of = { rank: 0, size: 1 }): Promise<GradientResult> {
  const batchSize = BATCH / of.size;
  const start = of.rank * batchSize;
  // The smallest that the model takes.
  const imageSize = families.declarationOf(name)!.leastImageSize;
  const length = 3 * imageSize ** 2;
  const images = Float32Array.from(
    { length: batchSize * length },
    (_, i) => 2 * draw(0, start * length + i) - 1,
  );
  const learner = await Learner.create({
    engine,
    model: families.create({ name, classes: CLASSES, imageSize }),
    loss: biasLoss(),
    optimizer: sgd(),
    batchSize,
    ranks: of,
    syncBatchNorm: true,
    seed: 3,
  });
  try {
    return await learner.gradients({
      images,
      labels: labels.slice(start, start + batchSize),
    });
  } finally {
    await learner.close();
  }
}

/** The distance of all gradients together, as a share of their norm. */
function apart(found: GradientResult, expected: GradientResult): number {
  let [distance, norm] = [0, 0];
  for (const [name, gradient] of expected.gradients)
    gradient.forEach((value, i) => {
      distance += (found.gradients.get(name)![i]! - value) ** 2;
      norm += value ** 2;
    });
  return Math.sqrt(distance / norm);
}

const together = await createEngine('reference', { threads: 1 }, ranks);
const alone = await createEngine('reference', { threads: 1 });
const results: Record<string, { loss: number; expected: number; apart: number }> = {};
for (const [turn, name] of process.argv.slice(2).entries()) {
  const found = await gradientsOf(name, together, ranks);
  if (turn % ranks.size !== ranks.rank) continue;
  const expected = await gradientsOf(name, alone);
  results[name] = { loss: found.loss, expected: expected.loss, apart: apart(found, expected) };
}
report({ rank: ranks.rank, results });
await together.close();
await alone.close();
