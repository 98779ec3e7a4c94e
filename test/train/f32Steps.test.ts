import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngine } from '../../src/engines/createEngine.js';
import type { Precision } from '../../src/engines/engine.js';
import { crossEntropyLoss } from '../../src/losses/crossEntropy.js';
import { sgd } from '../../src/optim/sgd.js';
import { Learner } from '../../src/train/learner.js';
import { onednnMissing } from '../support/onednn.js';
import { TINY_SIZE, TinyModel } from './fixtures/tiny.js';

const BATCH = 4;
const missing = await onednnMissing('bf16');

/** Losses of the first steps. */
async function losses(precision: Precision, f32Steps?: number): Promise<number[]> {
  const engine = await createEngine('onednn', { threads: 1, precision });
  const learner = await Learner.create({
    engine,
    model: new TinyModel(3, 16),
    loss: crossEntropyLoss(),
    optimizer: sgd({ momentum: 0.9 }),
    batchSize: BATCH,
    f32Steps,
  });
  const found: number[] = [];
  for (let step = 0; step < 4; step++) {
    const images = Float32Array.from({ length: BATCH * 3 * TINY_SIZE ** 2 }, (_, i) =>
      Math.sin(i * (step + 1)),
    );
    const labels = Int32Array.from({ length: BATCH }, (_, i) => i % 3);
    found.push((await learner.step({ images, labels }, { learningRate: 0.1, step })).loss);
  }
  await learner.close();
  await engine.close();
  return found;
}

test('the first steps are in f32, those after them in bf16', { skip: missing }, async () => {
  const f32 = await losses('f32');
  const bf16 = await losses('bf16');
  const mixed = await losses('bf16', 2);
  assert.deepEqual(mixed.slice(0, 2), f32.slice(0, 2));
  assert.notEqual(bf16[0], f32[0]);
  assert.notEqual(mixed[2], f32[2]);
  assert.deepEqual(await losses('f32', 2), f32);
});

test('a program in bf16 on an engine that computes in f32 is refused', async () => {
  const engine = await createEngine('reference');
  const program = { values: [], nodes: [], outputs: {}, updates: {} };
  await assert.rejects(engine.compile(program, { precision: 'bf16' }), {
    name: 'UserError',
    message: 'the reference engine computes in f32, not in bf16',
  });
  await engine.close();
});
