import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createEngine } from '../../../src/engines/createEngine.js';
import type { Device } from '../../../src/engines/cuda/device.js';
import { openDevice } from '../../../src/engines/cuda/native/openDevice.js';
import type { Precision } from '../../../src/engines/engine.js';
import { UserError } from '../../../src/errors.js';
import { biasLoss } from '../../../src/losses/biasLoss.js';
import { createModel } from '../../../src/models/registry.js';
import { sgd } from '../../../src/optim/sgd.js';
import { fillUniform } from '../../../src/random.js';
import { Learner } from '../../../src/train/learner.js';
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

/** Losses of some training steps, and the model's values after them. */
async function train(
  engineName: 'cuda' | 'reference',
  precision: Precision,
  steps: number,
): Promise<{ losses: number[]; values: Map<string, ArrayLike<number>> }> {
  const engine = await createEngine(engineName, { precision });
  const model = createModel({ name: 'shufflenetv2', classes: CLASSES, ratio: 0.5 });
  const learner = await Learner.create({
    ...{ engine, model, loss: biasLoss(), optimizer: sgd({ momentum: 0.9 }), batchSize: BATCH },
  });
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const images = new Float32Array(BATCH * 3 * model.config.imageSize ** 2);
    fillUniform(images, 0, 'images', step);
    const labels = Int32Array.from({ length: BATCH }, (_, i) => (3 * i + step) % CLASSES);
    losses.push((await learner.step({ images, labels }, { learningRate: 0.01, step })).loss);
  }
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
    test('a step is the reference engine’s', async () => {
      const [ours, exact] = [await train('cuda', 'f32', 2), await train('reference', 'f32', 2)];
      for (const [step, loss] of exact.losses.entries())
        assert.ok(
          Math.abs(ours.losses[step]! - loss) < 1e-3 * loss,
          `${ours.losses} instead of ${exact.losses}`,
        );
    });
  });
}
