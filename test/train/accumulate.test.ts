import assert from 'node:assert/strict';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createEngine, type EngineName } from '../../src/engines/createEngine.js';
import { UsageError } from '../../src/errors.js';
import { relu } from '../../src/graph/ops/elementwise.js';
import { flatten } from '../../src/graph/ops/shape.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { crossEntropyLoss } from '../../src/losses/crossEntropy.js';
import { Model, type ModelOutput } from '../../src/models/model.js';
import { Conv2d, Linear } from '../../src/nn/layers.js';
import type { Trace } from '../../src/nn/trace.js';
import { sgd } from '../../src/optim/sgd.js';
import { readCheckpoint } from '../../src/runs/checkpoint.js';
import type { TrainerEvent } from '../../src/train/events.js';
import { Learner } from '../../src/train/learner.js';
import { restoreLearner } from '../../src/train/learnerState.js';
import { floatsOf } from '../../src/train/stateDict.js';
import { onednnMissing } from '../support/onednn.js';
import { Samples } from '../support/samples.js';
import { TINY_SIZE, type TinyOptions, withFolder, withTrainer } from './fixtures/tiny.js';

const missing = await onednnMissing();
const engines: readonly { readonly engine: EngineName; readonly skip: string | false }[] = [
  { engine: 'reference', skip: false },
  { engine: 'onnx', skip: false },
  { engine: 'onednn', skip: missing },
];

/** Without batch normalisation, so that a batch's gradient is the mean of its parts'. */
class PlainModel extends Model {
  readonly classifierEntries = ['fc.weight', 'fc.bias'];
  readonly conv = new Conv2d(3, 32, 3, { stride: 2 });
  readonly fc = new Linear(32 * 16, 3);

  constructor() {
    super({ name: 'plain', classes: 3, imageSize: TINY_SIZE });
  }

  override forward(images: Tensor, trace: Trace): ModelOutput {
    const features = relu(this.conv.forward(images, trace));
    return { logits: this.fc.forward(flatten(features), trace), features };
  }
}

const IMAGE = 3 * TINY_SIZE * TINY_SIZE;
const SIZE = 12;

/** Batches of a step, and the parts that they are made of. */
function batchOf(
  step: number,
  from = 0,
  count = SIZE,
): { readonly images: Float32Array; readonly labels: Int32Array } {
  const samples = new Samples('accumulate', step + 1);
  const images = Float32Array.from(samples.floats([SIZE, IMAGE]));
  const labels = samples.labels(SIZE, 3);
  return {
    images: images.slice(from * IMAGE, (from + count) * IMAGE),
    labels: labels.slice(from, from + count),
  };
}

/** The learner's values after three steps of SIZE images, by batches of `batchSize`. */
async function trained(
  engine: EngineName,
  batchSize: number,
  clipNorm?: number,
): Promise<{ values: Map<string, Float32Array>; losses: number[]; norms: (number | undefined)[] }> {
  const running = await createEngine(engine, { threads: 1 });
  try {
    const learner = await Learner.create({
      engine: running,
      model: new PlainModel(),
      loss: crossEntropyLoss(),
      optimizer: sgd(),
      batchSize,
      clipNorm,
      seed: 5,
    });
    const losses: number[] = [];
    const norms: (number | undefined)[] = [];
    const parts = SIZE / batchSize;
    for (let step = 0; step < 3; step++) {
      if (parts === 1) {
        const { loss, gradientNorm } = await learner.step(batchOf(step), { learningRate: 0.1, step });
        losses.push(loss);
        norms.push(gradientNorm);
        continue;
      }
      let loss = 0;
      for (let i = 0; i < parts; i++) {
        const part = batchOf(step, i * batchSize, batchSize);
        loss += (await learner.backward(part, { batch: step * parts + i })).loss / parts;
      }
      losses.push(loss);
      norms.push((await learner.update({ learningRate: 0.1 })).gradientNorm);
    }
    const state = [...(await learner.stateDict()), ...(await learner.trainingState())];
    await learner.close();
    return { values: new Map(state.map(([name, tensor]) => [name, floatsOf(tensor)])), losses, norms };
  } finally {
    await running.close();
  }
}

function expectClose(actual: Iterable<number>, expected: Iterable<number>, what: string): void {
  const wanted = [...expected];
  [...actual].forEach((value, i) => {
    assert.ok(Math.abs(value - wanted[i]!) < 2e-6, `${what}: ${value} instead of ${wanted[i]}`);
  });
}

describe('gradients added up over batches', () => {
  for (const { engine, skip } of engines)
    for (const clipNorm of [undefined, 0.05])
      it(`are those of one large batch: ${engine}${clipNorm ? ', clipped' : ''}`, { skip }, async () => {
        const whole = await trained(engine, SIZE, clipNorm);
        assert.equal(whole.norms[0] === undefined, clipNorm === undefined);
        for (const batchSize of [6, 4]) {
          const parts = await trained(engine, batchSize, clipNorm);
          expectClose(parts.losses, whole.losses, 'loss');
          if (clipNorm)
            expectClose(parts.norms.map(Number), whole.norms.map(Number), 'norm of the gradients');
          for (const [name, values] of whole.values) expectClose(parts.values.get(name)!, values, name);
        }
      });

  it('are needed for an update, and start from zero after new values or a failure', async () => {
    const engine = await createEngine('reference');
    try {
      const learner = await Learner.create({
        engine,
        model: new PlainModel(),
        loss: crossEntropyLoss(),
        optimizer: sgd({ momentum: 0, weightDecay: 0 }),
        batchSize: 4,
      });
      const rate = { learningRate: 1 };
      await assert.rejects(learner.update(rate), UsageError);
      const first = await learner.stateDict();
      await learner.backward(batchOf(0, 0, 4), { batch: 0 });
      await learner.update(rate);
      const wanted = await learner.stateDict();
      await learner.loadStateDict(first);
      await learner.backward(batchOf(1, 4, 4), { batch: 1 });
      const wrong = { images: new Float32Array(3), labels: new Int32Array(4) };
      await assert.rejects(learner.backward(wrong, { batch: 2 }), /images/);
      await assert.rejects(learner.update(rate), UsageError);
      await learner.backward(batchOf(0, 0, 4), { batch: 0 });
      await learner.update(rate);
      assert.deepEqual(await learner.stateDict(), wanted);
    } finally {
      await engine.close();
    }
  });
});

type StepEvent = Extract<TrainerEvent, { event: 'step' }>;
const stepsOf = (events: readonly TrainerEvent[]): StepEvent[] =>
  events.filter((event): event is StepEvent => event.event === 'step');

describe('a run with --accumulate', () => {
  // 7 batches of 6 images: steps of 3, 3 and 1.
  const options: TinyOptions = { batchSize: 6, accumulate: 3, epochs: 2, engine: 'onnx' };

  it('takes all batches, reports all of their images, and counts updates', () =>
    withTrainer(options, async ({ trainer, learner, events }) => {
      const rates: number[] = [];
      trainer.listen((event) => event.event === 'step' && rates.push(event.learningRate));
      assert.equal(await trainer.run(), 'complete');
      const [start] = events;
      assert.equal(start?.event === 'start' && start.stepsPerEpoch, 3);
      const steps = stepsOf(events);
      assert.deepEqual(
        steps.map(({ epoch, step, globalStep }) => [epoch, step, globalStep]),
        [0, 1].flatMap((epoch) => [1, 2, 3].map((step) => [epoch, step, 3 * epoch + step])),
      );
      assert.deepEqual(
        steps.map(({ train }) => train.images),
        [18, 36, 42, 18, 36, 42],
      );
      const [a, b, c] = steps.map(({ loss }) => loss);
      assert.ok(Math.abs(steps[2]!.meanLoss - (3 * a! + 3 * b! + c!) / 7) < 1e-12);
      const passes = (await learner.stateDict()).get('bn.num_batches_tracked')!;
      assert.deepEqual(passes.data, BigInt64Array.of(14n));
      assert.deepEqual((await learner.trainingState()).get('optimizer.step')!.data, BigInt64Array.of(6n));
    }));

  // The reference engine computes in 64 bits, of which a checkpoint keeps 32.
  for (const { engine, skip } of engines.slice(1))
    it(`stops between updates only, and resumes bit for bit: ${engine}`, { skip }, () =>
      resumesExactly({ ...options, engine }),
    );
});

/** Trains without a break, and with one that is asked for within the second step of three. */
function resumesExactly(common: TinyOptions): Promise<void> {
  return withFolder(async (parent) => {
    const whole = join(parent, 'whole');
    const broken = join(parent, 'broken');
    for (const folder of [whole, broken]) mkdirSync(folder);
    await withTrainer({ ...common, folder: whole }, ({ trainer }) => trainer.run());
    await withTrainer({ ...common, folder: broken }, async ({ trainer, learner, events }) => {
      // Asked to stop within the second step.
      const backward = learner.backward.bind(learner);
      let passes = 0;
      learner.backward = (...given) => {
        if (++passes === 5) trainer.stop();
        return backward(...given);
      };
      assert.equal(await trainer.run(), 'interrupted');
      assert.equal(passes, 6);
      assert.equal(stepsOf(events).length, 2);
    });
    const resumed = join(parent, 'resumed');
    cpSync(broken, resumed, { recursive: true });
    const checkpoint = readCheckpoint(join(resumed, 'last.safetensors'));
    const { progress } = checkpoint.training!;
    assert.equal(progress.step, 2);
    await withTrainer({ ...common, folder: resumed, progress }, async ({ trainer, learner }) => {
      await restoreLearner(learner, checkpoint);
      assert.equal(await trainer.run(), 'complete');
    });
    const [expected, actual] = [whole, resumed].map((folder) =>
      readCheckpoint(join(folder, 'last.safetensors')),
    );
    assert.deepEqual(actual!.tensors, expected!.tensors);
    const { seconds: _, ...found } = actual!.training!.progress;
    const { seconds: __, ...wanted } = expected!.training!.progress;
    assert.deepEqual(found, wanted);
  });
}
