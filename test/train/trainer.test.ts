import assert from 'node:assert/strict';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readCheckpoint } from '../../src/runs/checkpoint.js';
import type { TrainerEvent } from '../../src/train/events.js';
import { type Checkpoint, restoreLearner } from '../../src/train/learnerState.js';
import { eventsOf } from './fixtures/eventsOf.js';
import { subjects } from './fixtures/subjects.js';
import { type TinyOptions, type TinyRun, withFolder, withTrainer } from './fixtures/tiny.js';

/** Whether two checkpoints hold the same bits, and say the same but for times. */
function assertSameRun(actual: Checkpoint, expected: Checkpoint): void {
  assert.deepEqual([...actual.tensors.keys()], [...expected.tensors.keys()]);
  for (const [name, tensor] of expected.tensors)
    assert.deepEqual(
      Buffer.from(actual.tensors.get(name)!.data.buffer),
      Buffer.from(tensor.data.buffer),
      name,
    );
  const { seconds: _, ...progress } = actual.training!.progress;
  const { seconds: __, ...wanted } = expected.training!.progress;
  assert.deepEqual(progress, wanted);
}

/** Figures of epochs that do not depend on the clock. */
function figures(events: readonly TrainerEvent[]): unknown[] {
  return eventsOf(events, 'epoch').map(
    ({ seconds: _, imagesPerSecond: __, waitedPercent: ___, weighting: ____, ...rest }) => rest,
  );
}

/** Goes on from the checkpoint in a folder. */
async function resumed<T>(
  folder: string,
  options: TinyOptions,
  body: (run: TinyRun) => Promise<T>,
): Promise<T> {
  const checkpoint = readCheckpoint(join(folder, 'last.safetensors'));
  return withTrainer({ ...options, folder, progress: checkpoint.training!.progress }, async (run) => {
    await restoreLearner(run.learner, checkpoint);
    return body(run);
  });
}

/** Trains in pieces: each stops after so many steps of its own; the last runs to the end. */
async function inPieces(
  folder: string,
  steps: readonly number[],
  options: TinyOptions,
): Promise<TrainerEvent[]> {
  const all: TrainerEvent[] = [];
  const piece =
    (stopAfter: number) =>
    async ({ trainer, events }: TinyRun): Promise<void> => {
      let done = 0;
      trainer.listen(({ event }) => {
        if (event === 'step' && ++done === stopAfter) trainer.stop();
      });
      const outcome = await trainer.run();
      assert.equal(outcome, stopAfter === Number.POSITIVE_INFINITY ? 'complete' : 'interrupted');
      all.push(...events);
    };
  const [first, ...rest] = [...steps, Number.POSITIVE_INFINITY];
  await withTrainer({ ...options, folder }, piece(first!));
  for (const count of rest) await resumed(folder, options, piece(count));
  return all;
}

describe('trainer', () => {
  it('refuses to run a second time meanwhile, and goes on as if it had not been asked', async () => {
    const losses = (twice: boolean): Promise<unknown[]> =>
      withTrainer({ epochs: 2 }, async ({ trainer, events }) => {
        const running = trainer.run();
        const message = 'the trainer is running already';
        if (twice) await assert.rejects(trainer.run(), { name: 'UsageError', message });
        assert.equal(await running, 'complete');
        return eventsOf(events, 'step').map(({ loss, epoch, globalStep }) => [loss, epoch, globalStep]);
      });
    const expected = await losses(false);
    assert.equal(expected.length, 10);
    assert.deepEqual(await losses(true), expected);
  });

  it('may run again when it has ended', () =>
    withTrainer({ epochs: 1 }, async ({ trainer, events }) => {
      assert.equal(await trainer.run(), 'complete');
      assert.equal(await trainer.run(), 'complete');
      assert.equal(eventsOf(events, 'step').length, 5);
    }));

  it('reports a start, steps, evaluations, epochs, checkpoints and a result, in order', () =>
    withFolder((folder) =>
      withTrainer({ folder, epochs: 2 }, async ({ trainer, learner, events }) => {
        assert.equal(await trainer.run(), 'complete');
        const kinds = events.map(({ event }) => event).filter((kind) => kind !== 'evaluation');
        const epoch = [...Array<string>(5).fill('step'), 'epoch'];
        assert.deepEqual(kinds.slice(0, 9), ['start', 'batch', 'checkpoint', ...epoch]);
        assert.equal(kinds.at(-1), 'result');
        const [start] = eventsOf(events, 'start');
        assert.equal(start!.stepsPerEpoch, 5);
        assert.equal(start!.trainImages, 43);
        assert.equal(start!.parameters, 3 * 4 * 9 + 8 + 4 * 3 + 3);
        assert.deepEqual(
          eventsOf(events, 'step').map(({ epoch, step, globalStep }) => [epoch, step, globalStep]),
          [0, 1].flatMap((e) => [1, 2, 3, 4, 5].map((s) => [e, s, 5 * e + s])),
        );
        for (const { train, test, waitedPercent, imagesPerSecond } of eventsOf(events, 'epoch')) {
          assert.deepEqual([train.images, test.images], [40, 20]);
          assert.ok(waitedPercent >= 0 && waitedPercent <= 100 && imagesPerSecond > 0);
        }
        const [result] = eventsOf(events, 'result');
        assert.equal(result!.images, 20);
        assert.equal(result!.parameters, learner.model.parameterCount);
      }),
    ));

  it('learns: the loss falls and brightness is told apart', () =>
    withTrainer({ epochs: 12, trainImages: 160 }, async ({ trainer, events }) => {
      await trainer.run();
      const epochs = eventsOf(events, 'epoch');
      assert.ok(epochs.at(-1)!.train.crossEntropy < 0.7 * epochs[0]!.train.crossEntropy);
      assert.ok(eventsOf(events, 'result')[0]!.top1 >= 80);
    }));
});

describe('an epoch’s end', () => {
  it('keeps the best of the test accuracies, and writes `best` when it improves alone', () =>
    withFolder((folder) =>
      withTrainer({ folder, epochs: 6 }, async ({ trainer, events }) => {
        await trainer.run();
        const epochs = eventsOf(events, 'epoch');
        let best = -1;
        const improved = epochs.filter(({ test, bestTop1 }) => {
          const better = test.top1 > best;
          best = Math.max(best, test.top1);
          assert.equal(bestTop1, best);
          return better;
        });
        const saved = eventsOf(events, 'checkpoint').filter(({ kind }) => kind === 'best');
        assert.equal(saved.length, improved.length);
        const checkpoint = readCheckpoint(join(folder, 'best.safetensors'));
        assert.equal(checkpoint.training!.progress.bestTop1, best);
        assert.equal(checkpoint.training!.progress.epoch, improved.at(-1)!.epoch + 1);
      }),
    ));

  it('gives the schedule epoch, step and steps of an epoch, and reports the rates', () => {
    const asked: string[] = [];
    const schedule = (epoch: number, step: number, stepsPerEpoch: number): number => {
      asked.push(`${epoch}.${step}/${stepsPerEpoch}`);
      return (epoch + 1) / 1000 + step / 100000;
    };
    return withTrainer({ epochs: 2, schedule }, async ({ trainer, events }) => {
      await trainer.run();
      assert.deepEqual(new Set(asked).size, 10);
      assert.ok(asked.every((text) => text.endsWith('/5')));
      const rates = eventsOf(events, 'step').map(({ learningRate }) => learningRate);
      assert.deepEqual(rates.slice(0, 2).concat(rates.at(-1)!), [0.001, 0.00101, 0.00204]);
      assert.equal(eventsOf(events, 'epoch')[1]!.learningRate, 0.00204);
    });
  });
});

describe('going on with a run', () => {
  for (const { title, skip, ...options } of subjects) {
    it(`is bit-identical in mid-epoch and at an epoch’s end, on ${title}`, { skip }, () =>
      goesOnBitIdentically({ ...options, epochs: 3 }),
    );
  }
});

/** A run of pieces against one without a stop. */
function goesOnBitIdentically(options: TinyOptions): Promise<void> {
  return withFolder(async (whole) => {
    const straight = await withTrainer({ ...options, folder: whole }, async ({ trainer, events }) => {
      await trainer.run();
      return events;
    });
    const expected = readCheckpoint(join(whole, 'last.safetensors'));
    for (const steps of [[1], [4, 1, 3], [5], [14]])
      await withFolder(async (folder) => {
        const pieces = await inPieces(folder, steps, options);
        assertSameRun(readCheckpoint(join(folder, 'last.safetensors')), expected);
        assert.deepEqual(figures(pieces), figures(straight));
      });
  });
}

describe('going on from an older checkpoint', () => {
  it('within an epoch does the steps after it again', () =>
    withFolder(async (folder) => {
      const copy = join(folder, 'copy.safetensors');
      await withTrainer({ folder, epochs: 2, checkpointSeconds: 0 }, async ({ trainer }) => {
        let saved = 0;
        trainer.listen((event) => {
          // The first is the one before any step: this is the one after the third.
          if (event.event === 'checkpoint' && ++saved === 4) copyFileSync(event.path, copy);
        });
        await trainer.run();
      });
      const expected = readCheckpoint(join(folder, 'last.safetensors'));
      assert.equal(readCheckpoint(copy).training!.progress.step, 3);
      copyFileSync(copy, join(folder, 'last.safetensors'));
      await resumed(folder, { epochs: 2 }, async ({ trainer }) => {
        await trainer.run();
      });
      assertSameRun(readCheckpoint(join(folder, 'last.safetensors')), expected);
    }));

  it('of a complete run tests it again and changes nothing', () =>
    withFolder(async (folder) => {
      const first = await withTrainer({ folder, epochs: 1 }, async ({ trainer, events }) => {
        await trainer.run();
        return events;
      });
      const before = readFileSync(join(folder, 'last.safetensors'));
      await resumed(folder, { epochs: 1 }, async ({ trainer, events }) => {
        assert.equal(await trainer.run(), 'complete');
        assert.deepEqual(eventsOf(events, 'result'), eventsOf(first, 'result'));
        assert.equal(eventsOf(events, 'step').length, 0);
      });
      assert.deepEqual(readFileSync(join(folder, 'last.safetensors')), before);
    }));
});

describe('stopping', () => {
  it('in the test at an epoch’s end keeps the epoch’s steps', () =>
    withFolder(async (folder) => {
      await withTrainer({ folder, epochs: 2 }, async ({ trainer, events }) => {
        trainer.listen(({ event }) => {
          if (event === 'evaluation') trainer.stop();
        });
        assert.equal(await trainer.run(), 'interrupted');
        assert.deepEqual(eventsOf(events, 'interrupted')[0]!.step, 5);
        assert.equal(eventsOf(events, 'epoch').length, 0);
      });
      await resumed(folder, { epochs: 2 }, async ({ trainer, events }) => {
        assert.equal(await trainer.run(), 'complete');
        assert.deepEqual(
          eventsOf(events, 'epoch').map(({ epoch }) => epoch),
          [0, 1],
        );
        assert.equal(eventsOf(events, 'epoch')[0]!.train.images, 40);
      });
    }));

  it('before the first step saves a run that can go on', () =>
    withFolder((folder) =>
      withTrainer({ folder }, async ({ trainer, events }) => {
        trainer.stop();
        assert.equal(await trainer.run(), 'interrupted');
        assert.equal(eventsOf(events, 'step').length, 0);
        assert.equal(readCheckpoint(join(folder, 'last.safetensors')).training!.progress.globalStep, 0);
      }),
    ));
});
