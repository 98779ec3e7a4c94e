import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createEngine, type EngineName } from '../../src/engines/createEngine.js';
import { UsageError } from '../../src/errors.js';
import { crossEntropyLoss } from '../../src/losses/crossEntropy.js';
import { partsOf } from '../../src/models/parts.js';
import { adamw } from '../../src/optim/adamw.js';
import { sgd } from '../../src/optim/sgd.js';
import { readCheckpoint } from '../../src/runs/checkpoint.js';
import { readWeights } from '../../src/runs/weights.js';
import { averageName } from '../../src/train/averages.js';
import { Learner } from '../../src/train/learner.js';
import { restoreLearner } from '../../src/train/learnerState.js';
import { floatsOf, type StateDictTensors } from '../../src/train/stateDict.js';
import { onednnMissing } from '../support/onednn.js';
import { TinyModel, type TinyOptions, type TinyRun, withFolder, withTrainer } from './fixtures/tiny.js';

const BATCH = 8;
const DECAY = 0.8;

const engines: readonly { readonly engine: EngineName; readonly skip: string | false }[] = [
  { engine: 'reference', skip: false },
  { engine: 'onnx', skip: false },
  { engine: 'onednn', skip: await onednnMissing() },
];

function batch(step: number): { images: Float32Array; labels: Int32Array } {
  const images = Float32Array.from({ length: BATCH * 3 * 64 }, (_, i) => Math.sin(i + step));
  return { images, labels: Int32Array.from({ length: BATCH }, (_, i) => (i + step) % 3) };
}

async function withLearner(
  engine: EngineName,
  averageDecay: number | undefined,
  body: (learner: Learner) => Promise<void>,
): Promise<void> {
  const running = await createEngine(engine, { threads: 1 });
  const parts = { model: new TinyModel(), loss: crossEntropyLoss(), optimizer: sgd() };
  try {
    await body(await Learner.create({ engine: running, ...parts, batchSize: BATCH, averageDecay, seed: 3 }));
  } finally {
    await running.close();
  }
}

/** One update, at once or by two halves. */
async function update(learner: Learner, step: number, isApart: boolean): Promise<void> {
  if (!isApart) {
    await learner.step(batch(step), { learningRate: 0.1, step });
    return;
  }
  for (const part of [0, 1]) await learner.backward(batch(2 * step + part), { batch: 2 * step + part });
  await learner.update({ learningRate: 0.1 });
}

function floatValues(state: StateDictTensors): Map<string, Float64Array> {
  return new Map(
    [...state].flatMap(([name, tensor]) =>
      tensor.dtype === 'f32' ? [[name, Float64Array.from(floatsOf(tensor))] as const] : [],
    ),
  );
}

function assertClose(actual: StateDictTensors, expected: ReadonlyMap<string, Float64Array>): void {
  for (const [name, values] of expected)
    values.forEach((value, i) => {
      const found = floatsOf(actual.get(name)!)[i]!;
      assert.ok(
        Math.abs(found - value) <= 1e-5 * Math.abs(value) + 1e-6,
        `${name} ${i}: ${found}, not ${value}`,
      );
    });
}

describe('the average of weights', () => {
  for (const { engine, skip } of engines)
    for (const isApart of [false, true])
      it(`is what the formula says, on ${engine}${isApart ? ', gradients accumulated' : ''}`, { skip }, () =>
        withLearner(engine, DECAY, async (learner) => {
          const expected = floatValues(await learner.stateDict());
          assertClose(await learner.averagedStateDict(), expected);
          for (let step = 0; step < 20; step++) {
            await update(learner, step, isApart);
            const decay = Math.min(DECAY, (step + 2) / (step + 11));
            for (const [name, values] of floatValues(await learner.stateDict()))
              expected.get(name)!.forEach((average, i, averages) => {
                averages[i] = decay * average + (1 - decay) * values[i]!;
              });
          }
          const averages = await learner.averagedStateDict();
          assertClose(averages, expected);
          const last = await learner.stateDict();
          assert.deepEqual([...averages.keys()], [...last.keys()]);
          assert.deepEqual(averages.get('bn.num_batches_tracked'), last.get('bn.num_batches_tracked'));
          for (const name of ['conv.weight', 'bn.running_var', 'fc.bias'])
            assert.notDeepEqual(averages.get(name), last.get(name), name);
        }),
      );

  it('leaves the training as it is, and is evaluated as a model with these weights', async () => {
    const { images } = batch(99);
    let trained: StateDictTensors | undefined;
    await withLearner('onnx', undefined, async (learner) => {
      for (let step = 0; step < 5; step++) await update(learner, step, false);
      trained = await learner.stateDict();
      await assert.rejects(learner.averagedStateDict(), UsageError);
    });
    await withLearner('onnx', DECAY, async (learner) => {
      for (let step = 0; step < 5; step++) await update(learner, step, false);
      assert.deepEqual(await learner.stateDict(), trained);
      await learner.beginEvaluation({ averaged: true });
      const averaged = await learner.predict(images.slice());
      await learner.beginEvaluation();
      assert.notDeepEqual(averaged, await learner.predict(images.slice()));
      await learner.loadStateDict(await learner.averagedStateDict());
      await learner.beginEvaluation();
      assert.deepEqual(averaged, await learner.predict(images.slice()));
    });
  });

  it('needs a decay between 0 and 1', async () => {
    for (const decay of [0, 1, -1, Number.NaN])
      await assert.rejects(
        withLearner('reference', decay, async () => {}),
        { name: 'UsageError', message: `averageDecay must be a number above 0 and below 1, not ${decay}` },
      );
  });
});

const averaging: TinyOptions = {
  epochs: 3,
  averageDecay: 0.9,
  optimizer: adamw(),
  schedule: () => 0.01,
  freezing: { names: new Set(partsOf(new TinyModel()).backbone.flat()), until: 1 },
};

/** Runs until a step of the run, or to the end. */
async function runTo({ trainer }: TinyRun, stopAt?: number): Promise<void> {
  trainer.listen((event) => event.event === 'step' && event.globalStep === stopAt && trainer.stop());
  await trainer.run();
}

describe('a run with averaged weights', () => {
  it('reports them each epoch, and saves their best beside the others', () =>
    withFolder((folder) =>
      withTrainer({ ...averaging, folder, epochs: 6 }, async (run) => {
        const best: StateDictTensors[] = [];
        let top1 = -1;
        const kept: Promise<void>[] = [];
        run.trainer.listen((event) => {
          if (event.event !== 'epoch' || event.average!.top1 <= top1) return;
          top1 = event.average!.top1;
          kept.push(run.learner.averagedStateDict().then((state) => void best.push(state)));
        });
        await runTo(run);
        await Promise.all(kept);
        const saved = run.events.filter(
          (event) => event.event === 'checkpoint' && event.kind === 'bestAverage',
        );
        assert.equal(saved.length, best.length);
        const path = join(folder, 'best-ema.safetensors');
        const { tensors, info } = readWeights(path);
        assert.deepEqual(tensors, best.at(-1));
        assert.equal(info!.training, undefined);
        const last = join(folder, 'last.safetensors');
        assert.deepEqual(readWeights(last, { ema: true }).tensors, await run.learner.averagedStateDict());
        assert.deepEqual(readWeights(last).tensors, await run.learner.stateDict());
        assert.throws(() => readWeights(path, { ema: true }), /has no averaged weights \(EMA\)/);
        assert.equal(readCheckpoint(last).training!.progress.bestAverageTop1, top1);
      }),
    ));

  for (const { engine, skip } of engines.slice(1))
    for (const stopAt of [3, 7])
      it(
        `resumes bit for bit on ${engine}, with AdamW and a backbone that thaws, from step ${stopAt}`,
        { skip },
        () =>
          withFolder((whole) =>
            withFolder(async (broken) => {
              const options = { ...averaging, engine };
              await withTrainer({ ...options, folder: whole }, (run) => runTo(run));
              await withTrainer({ ...options, folder: broken }, (run) => runTo(run, stopAt));
              const checkpoint = readCheckpoint(join(broken, 'last.safetensors'));
              const { progress } = checkpoint.training!;
              await withTrainer({ ...options, folder: broken, progress }, async (run) => {
                await restoreLearner(run.learner, checkpoint);
                await runTo(run);
              });
              const [a, b] = [whole, broken].map((folder) =>
                readCheckpoint(join(folder, 'last.safetensors')),
              );
              assert.deepEqual(b!.tensors, a!.tensors);
              assert.ok(a!.tensors.has(averageName('bn.running_mean')));
              const [c, d] = [whole, broken].map((folder) =>
                readWeights(join(folder, 'best-ema.safetensors')),
              );
              assert.deepEqual(d!.tensors, c!.tensors);
            }),
          ),
      );
});
