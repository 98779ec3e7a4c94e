import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readCheckpoint } from '../../src/runs/checkpoint.js';
import { infoOf } from '../../src/train/checkpointInfo.js';
import { type EarlyStop, type WatchedMetric, watch } from '../../src/train/earlyStop.js';
import type { TrainerEvent } from '../../src/train/events.js';
import type { Learner } from '../../src/train/learner.js';
import { restoreLearner } from '../../src/train/learnerState.js';
import type { Accuracy } from '../../src/train/metrics.js';
import { type TinyOptions, withFolder, withTrainer } from './fixtures/tiny.js';

const accuracy = (top1: number, crossEntropy = 1): Accuracy => ({
  images: 10,
  top1,
  top5: 100,
  crossEntropy,
});

/** Stale epochs after each of these evaluations. */
function staleEpochs(metric: WatchedMetric | undefined, tests: Accuracy[], averages?: Accuracy[]): number[] {
  let watched: ReturnType<typeof watch> | undefined;
  return tests.map((test, i) => {
    watched = watch(watched, { patience: 2, metric }, { test, average: averages?.[i] });
    return watched.staleEpochs;
  });
}

describe('what early stopping watches', () => {
  it('is better when top-1 rises or cross-entropy falls; the same is not better', () => {
    const tests = [accuracy(50, 2), accuracy(50, 1.5), accuracy(40, 1.6), accuracy(60, 1.7)];
    assert.deepEqual(staleEpochs(undefined, tests), [0, 1, 2, 0]);
    assert.deepEqual(staleEpochs('cross-entropy', tests), [0, 0, 1, 2]);
    const averages = [10, 20, 20, 30].map((top1) => accuracy(top1));
    assert.deepEqual(staleEpochs('ema-top1', tests, averages), [0, 0, 1, 0]);
  });
});

describe('an evaluation whose logits are not finite', () => {
  const none = accuracy(0, NaN);

  it('is not better, and never the best', () => {
    const tests = [none, accuracy(10, 2), none, accuracy(20, 1), accuracy(90, Infinity)];
    for (const metric of ['top1', 'cross-entropy'] as const)
      assert.deepEqual(staleEpochs(metric, tests), [1, 0, 1, 0, 1]);
    assert.deepEqual(staleEpochs('ema-top1', tests, tests), [1, 0, 1, 0, 1]);
    assert.deepEqual(watch(undefined, { patience: 1 }, { test: none }), { staleEpochs: 1 });
  });

  it('leaves a checkpoint that is read, as one is that has null for its best', () =>
    withFolder(async (folder) => {
      const earlyStop = { patience: 2, metric: 'cross-entropy' } as const;
      const events = await run({
        ...{ folder, earlyStop, epochs: 5, schedule: () => 0 },
        prepare: async (learner) => {
          const state = await learner.stateDict();
          for (const [name, value] of [
            ['bn.running_mean', -3e38],
            ['bn.weight', 100],
          ] as const)
            state.set(name, { dtype: 'f32', shape: [4], data: new Float32Array(4).fill(value) });
          await learner.loadStateDict(state);
        },
      });
      assert.equal(epochsOf(events).length, 2);
      const { training } = readCheckpoint(join(folder, 'last.safetensors'));
      assert.deepEqual(training!.progress.watched, { staleEpochs: 2 });
      const again = await run({ folder, earlyStop, epochs: 5 }, { resume: true });
      assert.deepEqual(epochsOf(again), []);
      const { model, data } = readCheckpoint(join(folder, 'last.safetensors'));
      const progress = { ...training!.progress, watched: { best: null, staleEpochs: 2 } };
      const older = JSON.stringify({ model, data, training: { ...training, progress } });
      const info = infoOf(new Map([['biasloss', older]]), 'older');
      assert.deepEqual(info!.training!.progress.watched, { staleEpochs: 2 });
    }));
});

/** A run whose rate is 0 from epoch 2 on, so that nothing becomes better after that. */
const stalling = (earlyStop: EarlyStop): TinyOptions => ({
  epochs: 9,
  earlyStop,
  averageDecay: 0.5,
  schedule: (epoch) => (epoch < 2 ? 0.01 : 0),
});

interface Resumable extends TinyOptions {
  readonly folder: string;
  /** Changes a learner before the run. */
  readonly prepare?: (learner: Learner) => Promise<void>;
}

/** Runs, or resumes what is in the folder, until a step of the run or to the end. */
async function run(options: Resumable, { resume = false, stopAt = -1 } = {}): Promise<TrainerEvent[]> {
  const checkpoint = resume ? readCheckpoint(join(options.folder, 'last.safetensors')) : undefined;
  const progress = checkpoint?.training?.progress;
  return withTrainer({ ...options, ...(progress && { progress }) }, async ({ trainer, learner, events }) => {
    await options.prepare?.(learner);
    if (checkpoint) await restoreLearner(learner, checkpoint);
    trainer.listen((event) => event.event === 'step' && event.globalStep === stopAt && trainer.stop());
    await trainer.run();
    return events;
  });
}

const epochsOf = (events: TrainerEvent[]): TrainerEvent[] => events.filter(({ event }) => event === 'epoch');

describe('early stopping', () => {
  it('ends a run that no longer becomes better, says so and evaluates once', () =>
    withFolder(async (folder) => {
      const options = { ...stalling({ patience: 2 }), folder };
      const events = await run(options);
      const epochs = epochsOf(events).length;
      assert.ok(epochs < 9 && epochs >= 3, `${epochs} epochs`);
      assert.deepEqual(
        events.filter(({ event }) => event === 'earlyStop'),
        [{ event: 'earlyStop', epoch: epochs, metric: 'top1', staleEpochs: 2 }],
      );
      assert.equal(events.at(-1)!.event, 'result');
      assert.equal(readCheckpoint(join(folder, 'last.safetensors')).training!.progress.epoch, epochs);
    }));

  it('stays stopped when it is resumed, unless the patience is raised', () =>
    withFolder(async (folder) => {
      const first = await run({ ...stalling({ patience: 1 }), folder });
      const again = await run({ ...stalling({ patience: 1 }), folder }, { resume: true });
      assert.deepEqual(epochsOf(again), []);
      assert.ok(again.some(({ event }) => event === 'earlyStop'));
      assert.deepEqual(again.at(-1), first.at(-1));
      const more = await run({ ...stalling({ patience: 3 }), folder }, { resume: true });
      assert.ok(epochsOf(more).length >= 2);
    }));

  for (const metric of ['top1', 'cross-entropy', 'ema-top1'] as const)
    it(`by ${metric} is bit-identical in a resumed run`, () =>
      withFolder((whole) =>
        withFolder(async (broken) => {
          const options = stalling({ patience: 3, metric });
          const straight = await run({ ...options, folder: whole });
          const epochs = epochsOf(straight).length;
          const stopAt = 5 * (epochs - 1) + 2;
          const first = await run({ ...options, folder: broken }, { stopAt });
          assert.equal(first.at(-1)!.event, 'interrupted');
          const second = await run({ ...options, folder: broken }, { resume: true });
          assert.equal(epochsOf(first).length + epochsOf(second).length, epochs);
          const [a, b] = [whole, broken].map((folder) => readCheckpoint(join(folder, 'last.safetensors')));
          assert.deepEqual(b!.tensors, a!.tensors);
          assert.deepEqual(
            { ...b!.training!.progress, seconds: 0 },
            { ...a!.training!.progress, seconds: 0 },
          );
        }),
      ));

  it('needs a patience of at least one epoch, and an average to watch', async () => {
    const start = (options: TinyOptions): Promise<void> => withTrainer(options, async () => {});
    for (const patience of [0, 1.5])
      await assert.rejects(start({ earlyStop: { patience } }), {
        name: 'UsageError',
        message: `patience must be a whole number of at least 1, not ${patience}`,
      });
    await assert.rejects(start({ earlyStop: { patience: 1, metric: 'ema-top1' } }), {
      name: 'UsageError',
      message: 'the metric ema-top1 needs a learner with averageDecay',
    });
  });
});
