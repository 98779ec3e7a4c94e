/** Several learners on one engine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngine, type EngineName } from '../../src/engines/createEngine.js';
import type { Engine } from '../../src/engines/engine.js';
import { biasLoss } from '../../src/losses/biasLoss.js';
import { sgd } from '../../src/optim/sgd.js';
import { uniformSource } from '../../src/random.js';
import { Learner } from '../../src/train/learner.js';
import type { LabelledBatch } from '../../src/train/stepResult.js';
import { onednnMissing } from '../support/onednn.js';
import { TINY_SIZE, TinyModel } from './fixtures/tiny.js';

const BATCH = 4;
const STEPS = 3;
const onednn = await onednnMissing();

function batch(seed: number, step: number): LabelledBatch & { readonly images: Float32Array } {
  const random = uniformSource(seed, `batch ${step}`);
  const images = Float32Array.from({ length: BATCH * 3 * TINY_SIZE ** 2 }, (_, i) => random(i) - 0.5);
  return { images, labels: Int32Array.from({ length: BATCH }, (_, i) => Math.floor(3 * random(i, 1))) };
}

function learnerOn(engine: Engine, seed: number): Promise<Learner> {
  const parts = { model: new TinyModel(), loss: biasLoss(), optimizer: sgd({ momentum: 0.9 }) };
  return Learner.create({ engine, ...parts, batchSize: BATCH, seed });
}

/** A training step and an evaluation. */
async function stepOf(learner: Learner, seed: number, step: number): Promise<unknown> {
  const result = await learner.step(batch(seed, step), { learningRate: 0.1, step });
  await learner.beginEvaluation();
  const { logits } = await learner.predict(batch(seed, step).images);
  await learner.endEvaluation();
  return { result, logits };
}

/** Everything that a learner has after its steps. */
async function stateOf(learner: Learner): Promise<unknown> {
  return { values: await learner.stateDict(), training: await learner.trainingState() };
}

async function onEngine<T>(name: EngineName, use: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await createEngine(name, { threads: 1 });
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}

/** What a learner of a seed gives on an engine of its own. */
function alone(name: EngineName, seed: number): Promise<unknown> {
  return onEngine(name, async (engine) => {
    const learner = await learnerOn(engine, seed);
    const steps: unknown[] = [];
    for (let step = 0; step < STEPS; step++) steps.push(await stepOf(learner, seed, step));
    return { steps, state: await stateOf(learner) };
  });
}

for (const name of ['reference', 'onnx', 'onednn'] as const) {
  const skip = name === 'onednn' && onednn;

  test(`two learners on the ${name} engine, a step each in turn, give what each gives alone`, {
    skip,
  }, async () => {
    const seeds = [1, 2] as const;
    const found = await onEngine(name, async (engine) => {
      const learners = [await learnerOn(engine, seeds[0]), await learnerOn(engine, seeds[1])] as const;
      const steps: [unknown[], unknown[]] = [[], []];
      for (let step = 0; step < STEPS; step++)
        for (const i of [0, 1] as const) steps[i].push(await stepOf(learners[i], seeds[i], step));
      const first = { steps: steps[0], state: await stateOf(learners[0]) };
      await learners[0].close();
      return [first, { steps: steps[1], state: await stateOf(learners[1]) }];
    });
    assert.deepEqual(found, [await alone(name, seeds[0]), await alone(name, seeds[1])]);
    assert.notDeepEqual(found[0], found[1]);
  });

  test(`a learner that is closed leaves nothing on the ${name} engine`, { skip }, () =>
    onEngine(name, async (engine) => {
      const learner = await learnerOn(engine, 1);
      await stepOf(learner, 1, 0);
      await learner.gradients(batch(1, 1));
      await learner.backward(batch(1, 2), { batch: 2 });
      await learner.update({ learningRate: 0.1 });
      await learner.beginEvaluation();
      const { variables, executables } = await engine.statistics();
      // Six values of the model, momentum and sums of gradients of its five trained ones, and the loss's two.
      assert.ok(variables > 15 && executables >= 5, `${variables} variables, ${executables} executables`);
      await learner.close();
      assert.deepEqual(await engine.statistics(), { variables: 0, executables: 0 });
      await assert.rejects(learner.stateDict(), /the variables are disposed of/);
    }),
  );
}
