import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createEngine } from '../../../src/engines/createEngine.js';
import type { Device } from '../../../src/engines/cuda/device.js';
import { openDevice } from '../../../src/engines/cuda/native/openDevice.js';
import type { Precision } from '../../../src/engines/engine.js';
import { imagesOfBytes } from '../../../src/engines/imageBytes.js';
import { UserError } from '../../../src/errors.js';
import { biasLoss } from '../../../src/losses/biasLoss.js';
import { createModel } from '../../../src/models/registry.js';
import { sgd } from '../../../src/optim/sgd.js';
import { fillUniform } from '../../../src/random.js';
import { Learner } from '../../../src/train/learner.js';
import type { LabelledBatch, StepResult } from '../../../src/train/stepResult.js';
import { conformanceCases } from '../conformance/cases.js';
import { conformanceSuite } from '../conformance/suite.js';
import { kernelsOf } from './warmKernels.js';

const CLASSES = 10;
const BATCH = 8;

/** The card, or why there is none to test on. */
function openCard(): Device | string {
  try {
    return openDevice();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

/** Compiles all kernels of the conformance cases at once, for the cache. */
async function warmCard(device: Device, precision: Precision): Promise<void> {
  const sources = conformanceCases.flatMap(({ program }) => kernelsOf(device, program, precision));
  await device.compile([...new Map(sources.map((source) => [source.name, source])).values()]);
}

/** A step's batch; bytes stand for the same values as numbers. */
function batchOf(size: number, step: number, asBytes: boolean): LabelledBatch {
  const random = new Float32Array(BATCH * 3 * size ** 2);
  fillUniform(random, 0, 'images', step);
  const images = {
    pixels: Uint8Array.from(random, (value) => 256 * value),
    placements: Int32Array.from({ length: 3 * BATCH }, (_, i) =>
      i % 3 === 2 ? step % 2 : ((i + step) % 5) - 2,
    ),
    tables: Float32Array.from({ length: 768 }, (_, i) => (i % 256) / 255),
  };
  const labels = Int32Array.from({ length: BATCH }, (_, i) => (3 * i + step) % CLASSES);
  return { images: asBytes ? images : imagesOfBytes(images), labels };
}

/** Losses of some training steps, and the model's values after them. */
interface Trained {
  readonly losses: number[];
  readonly values: Map<string, ArrayLike<number>>;
}

/**
 * Trains with an engine of its own.
 *
 * @param how whether batches go up while a step computes, and as bytes; whether a step is started before the one before it has ended
 */
async function train(
  engineName: 'cuda' | 'reference',
  precision: Precision,
  steps: number,
  { ahead = false, asBytes = false, overlap = false, seed = 0 } = {},
): Promise<Trained> {
  const engine = await createEngine(engineName, { precision });
  const model = createModel({ name: 'shufflenetv2', classes: CLASSES, ratio: 0.5 });
  const learner = await Learner.create({
    ...{ engine, model, loss: biasLoss(), optimizer: sgd({ momentum: 0.9 }), batchSize: BATCH, seed },
  });
  const batches = Array.from({ length: steps }, (_, step) => batchOf(model.config.imageSize, step, asBytes));
  const results: Promise<StepResult>[] = [];
  for (const [step, batch] of batches.entries()) {
    const next = ahead ? batches[step + 1] : undefined;
    const { result } = await learner.startStep(batch, { learningRate: 0.01, step, next });
    results.push(result);
    await (overlap ? results[step - 1] : result);
  }
  const losses = (await Promise.all(results)).map(({ loss }) => loss);
  const state = await learner.stateDict();
  const values = new Map([...state].map(([name, { data }]) => [name, Array.from(data, Number)]));
  await learner.close();
  await engine.close();
  return { losses, values };
}

const card = openCard();
if (typeof card === 'string') test('the CUDA engine on a card', { skip: card }, () => undefined);
else {
  const precisions: Precision[] = card.hasBf16 ? ['f32', 'bf16'] : ['f32'];
  for (const precision of precisions) await warmCard(card, precision);
  card.close();
  for (const precision of precisions) await conformanceSuite({ engine: 'cuda', precision });
  describe('training on a card', () => {
    for (const precision of precisions)
      test(`equal steps give equal bits in ${precision}`, async () => {
        assert.deepEqual(await train('cuda', precision, 8), await train('cuda', precision, 8));
      });
    for (const precision of precisions)
      test(`batches that go up while a step computes, and as bytes, give the same bits in ${precision}`, async () => {
        const plain = await train('cuda', precision, 12);
        for (const how of [{ ahead: true }, { asBytes: true }, { ahead: true, asBytes: true }])
          assert.deepEqual(await train('cuda', precision, 12, how), plain);
      });
    for (const precision of precisions)
      test(`steps that are started behind others give the same bits in ${precision}`, async () => {
        const plain = await train('cuda', precision, 40);
        for (const ahead of [false, true])
          assert.deepEqual(
            await train('cuda', precision, 40, { ahead, asBytes: ahead, overlap: true }),
            plain,
          );
      });
    test('trainings side by side give the bits that each gives alone', async () => {
      const how = (seed: number) => ({ ahead: true, asBytes: true, overlap: true, seed });
      const seeds = [0, 1, 2, 3];
      const together = await Promise.all(seeds.map((seed) => train('cuda', 'f32', 60, how(seed))));
      for (const [i, seed] of seeds.entries())
        assert.deepEqual(together[i], await train('cuda', 'f32', 60, how(seed)), `seed ${seed}`);
    });
    test('a step is the reference engine’s', async () => {
      const [ours, exact] = [await train('cuda', 'f32', 2), await train('reference', 'f32', 2)];
      for (const [step, loss] of exact.losses.entries())
        assert.ok(
          // The loss weighs eight images by the least and the largest of their variances: the update magnifies roundings.
          Math.abs(ours.losses[step]! - loss) < (step === 0 ? 1e-5 : 1e-2) * loss,
          `${ours.losses} instead of ${exact.losses}`,
        );
    });
  });
}
