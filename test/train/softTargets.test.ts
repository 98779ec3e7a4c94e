import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEngine } from '../../src/engines/createEngine.js';
import { biasLoss } from '../../src/losses/biasLoss.js';
import { sgd } from '../../src/optim/sgd.js';
import { Learner } from '../../src/train/learner.js';
import { floatsOf } from '../../src/train/stateDict.js';
import { StepRunner } from '../../src/train/stepRunner.js';
import { CLASSES, TinyModel } from './fixtures/tinyModel.js';

const BATCH = 8;
const classes = CLASSES.length;
const images = (): Float32Array => Float32Array.from({ length: BATCH * 3 * 64 }, (_, i) => Math.sin(i));
const labels = Int32Array.from({ length: BATCH }, (_, i) => i % classes);

function distributions(share: number): Float32Array {
  const targets = new Float32Array(BATCH * classes);
  labels.forEach((label, n) => {
    targets[n * classes + label]! += share;
    targets[n * classes + ((label + 1) % classes)]! += 1 - share;
  });
  return targets;
}

/** Runs `body` with a learner of the tiny model. */
async function withLearner(softTargets: boolean, body: (learner: Learner) => Promise<void>): Promise<void> {
  const engine = await createEngine('onnx', { threads: 1 });
  try {
    const loss = biasLoss();
    const learner = await Learner.create({
      engine,
      model: new TinyModel(),
      loss,
      optimizer: sgd(),
      batchSize: BATCH,
      softTargets,
    });
    await body(learner);
  } finally {
    await engine.close();
  }
}

describe('soft targets', () => {
  it('that are 1 for one class train as class numbers do', async () => {
    let expected: Float32Array | undefined;
    for (const softTargets of [false, true])
      await withLearner(softTargets, async (learner) => {
        for (let step = 0; step < 3; step++) {
          const batch = { images: images(), labels: softTargets ? distributions(1) : labels.slice() };
          await learner.step(batch, { learningRate: 0.1, step });
        }
        const weight = floatsOf((await learner.stateDict()).get('fc.weight')!);
        expected ??= weight;
        weight.forEach((value, i) => {
          assert.ok(Math.abs(value - expected![i]!) < 1e-5, `${value} instead of ${expected![i]}`);
        });
      });
  });

  it('of a batch take the place of its labels, which the accuracy keeps', () =>
    withLearner(true, async (learner) => {
      for (const accumulate of [1, 2]) {
        const steps = new StepRunner(learner, accumulate);
        const batch = { images: images(), labels, targets: distributions(0.7), count: BATCH };
        const options = { learningRate: 0.1, step: 0, isLast: false };
        let totals = await steps.add(batch, options);
        if (accumulate === 2)
          totals = await steps.add({ ...batch, images: images(), targets: distributions(0.7) }, options);
        assert.equal(totals!.sums.images, accumulate * BATCH);
        assert.ok(totals!.loss > 0);
      }
    }));

  it('are refused where class numbers are expected, and the other way round', async () => {
    await withLearner(false, async (learner) => {
      const batch = { images: images(), labels: distributions(1) };
      await assert.rejects(learner.step(batch, { learningRate: 0.1, step: 0 }), /labels must be i32\[8\]/);
    });
    await withLearner(true, async (learner) => {
      const batch = { images: images(), labels: labels.slice() };
      await assert.rejects(learner.step(batch, { learningRate: 0.1, step: 0 }), /labels must be f32\[8, 3\]/);
    });
  });
});
