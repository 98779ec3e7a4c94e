import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { SettingError, UserError } from '../../src/errors.js';
import { biasLoss } from '../../src/losses/biasLoss.js';
import { crossEntropyLoss } from '../../src/losses/crossEntropy.js';
import type { Loss } from '../../src/losses/loss.js';
import { sgd } from '../../src/optim/sgd.js';
import { readCheckpoint } from '../../src/runs/checkpoint.js';
import type { Learner } from '../../src/train/learner.js';
import { onednnMissing } from '../support/onednn.js';
import { eventsOf } from './fixtures/eventsOf.js';
import { subjects } from './fixtures/subjects.js';
import { TINY_SIZE, withFolder, withTrainer } from './fixtures/tiny.js';

describe('a loss that is not finite', () => {
  it('stops the run with epoch and step, and keeps the last checkpoint', () =>
    withFolder((folder) =>
      withTrainer(
        { folder, epochs: 3, schedule: (epoch, step) => (epoch === 1 && step === 1 ? 1e38 : 0.01) },
        async ({ trainer, events }) => {
          await assert.rejects(trainer.run(), (error) => {
            assert.ok(error instanceof UserError);
            assert.match(
              error.message,
              /^the loss is (NaN|Infinity) at step \d of epoch 2; the last checkpoint is kept/,
            );
            return true;
          });
          assert.equal(eventsOf(events, 'epoch').length, 1);
          const { tensors, training } = readCheckpoint(join(folder, 'last.safetensors'));
          assert.equal(training!.progress.epoch, 1);
          for (const [name, { data }] of tensors)
            assert.ok(
              data.every((x) => Number.isFinite(Number(x))),
              name,
            );
        },
      ),
    ));

  it('in values that blew up in an epoch’s last step does not reach a checkpoint', () =>
    withFolder((folder) =>
      withTrainer(
        {
          folder,
          epochs: 1,
          optimizer: sgd({ weightDecay: 1e10 }),
          schedule: (_, step) => (step === 4 ? 3e38 : 0),
        },
        async ({ trainer }) => {
          await assert.rejects(
            trainer.run(),
            / is no longer finite in epoch 1; the last checkpoint is kept: try a lower learning rate, or normMode local /,
          );
          assert.equal(readCheckpoint(join(folder, 'last.safetensors')).training!.progress.globalStep, 0);
          assert.ok(!existsSync(join(folder, 'best.safetensors')));
          assert.deepEqual(
            readdirSync(folder).filter((name) => name.endsWith('.tmp')),
            [],
          );
        },
      ),
    ));
});

describe('a learning rate that is not finite', () => {
  const learningRates = [Number.NaN, Number.POSITIVE_INFINITY, 1e39, Number(undefined)];

  for (const { title, skip, ...options } of [
    ...subjects,
    { title: 'reference', engine: 'reference', skip: false } as const,
  ])
    it(`${title}: is refused, and changes nothing`, { skip }, () =>
      withTrainer(options, async ({ learner }) => {
        const batch = () => ({ images: new Float32Array(8 * 3 * TINY_SIZE ** 2), labels: new Int32Array(8) });
        await learner.backward(batch(), { batch: 0 });
        const before = await learner.stateDict();
        for (const learningRate of learningRates) {
          const expected = {
            name: 'UsageError',
            message: /^the learning rate must be a finite 32-bit number, not /,
          };
          await assert.rejects(learner.step(batch(), { learningRate, step: 0 }), expected);
          await assert.rejects(learner.update({ learningRate }), expected);
        }
        assert.deepEqual(await learner.stateDict(), before);
        assert.equal((await learner.trainingState()).get('optimizer.step')!.data[0], 0n);
        await learner.update({ learningRate: 0.1 });
        assert.ok(Number.isFinite((await learner.step(batch(), { learningRate: 0.1, step: 1 })).loss));
      }),
    );

  it('of a schedule ends the run', () =>
    withTrainer(
      { epochs: 2, schedule: (epoch) => (epoch === 1 ? Number.NaN : 0.01) },
      async ({ trainer }) => {
        await assert.rejects(
          trainer.run(),
          /^UsageError: the learning rate must be a finite 32-bit number, not NaN$/,
        );
      },
    ));
});

describe('what is advised', () => {
  const weights = async (loss: Loss): Promise<string> =>
    withTrainer({ loss, epochs: 1, schedule: () => 1e38 }, async ({ trainer }) => {
      const message = await trainer.run().catch((error) => {
        assert.ok(error instanceof SettingError && error.exitCode === 1);
        return error.named((key) => `--${key}`).message;
      });
      return message.replace(/^.*: try /, '');
    });

  it('is a bound for the weights, if the loss has none', async () => {
    assert.match(
      await weights(biasLoss()),
      /^a lower learning rate, or --normMode local where batches have few/,
    );
  });

  for (const loss of [biasLoss({ normMode: 'local' }), crossEntropyLoss()])
    it(`is a lower learning rate with the loss ${loss.name} otherwise`, async () => {
      assert.equal(await weights(loss), 'a lower learning rate');
    });
});

describe('values that are not finite', () => {
  // On oneDNN the ReLU makes 0 of NaN, and the loss stays finite.
  for (const { title, skip, ...options } of [
    ...subjects,
    { title: 'reference', engine: 'reference', skip: false } as const,
  ])
    it(
      `${title}: NaN in a weight ends the run before the epoch is reported, also without checkpoints`,
      { skip },
      () =>
        withTrainer({ ...options, epochs: 2 }, async ({ trainer, learner, events }) => {
          const weights = await learner.stateDict();
          weights.get('conv.weight')!.data[0] = Number.NaN;
          await learner.loadStateDict(weights);
          await assert.rejects(trainer.run(), (error) => {
            assert.ok(error instanceof UserError);
            assert.match(
              error.message,
              /^(the loss is NaN at|\S+ is no longer finite in epoch 1: ).*lower learning rate, or normMode local /,
            );
            return true;
          });
          assert.equal(eventsOf(events, 'epoch').length, 0);
        }),
    );

  for (const { title, skip, ...options } of subjects)
    it(`${title}: NaN in an image is refused by its place`, { skip }, () =>
      withTrainer(options, async ({ learner }) => {
        const images = new Float32Array(8 * 3 * TINY_SIZE ** 2);
        images[2 * 3 * TINY_SIZE ** 2] = Number.NaN;
        const refused = /^UserError: image 3 of the batch has values that are not finite$/;
        const batch = { images, labels: new Int32Array(8) };
        await assert.rejects(learner.step(batch, { learningRate: 0.1, step: 0 }), refused);
        await assert.rejects(learner.backward(batch, { batch: 0 }), refused);
        await assert.rejects(learner.gradients(batch), refused);
        await assert.rejects(learner.predict(images), refused);
      }),
    );
});

const engines = [
  { engine: 'reference', skip: false },
  { engine: 'onnx', skip: false },
  { engine: 'onednn', skip: await onednnMissing() },
] as const;

describe('an evaluation whose logits are not finite', () => {
  // Running means that no batch has, and a scale that takes them beyond 32 bits: training takes the batches' own.
  const breakStatistics = async (learner: Learner): Promise<void> => {
    const state = await learner.stateDict();
    for (const [name, value] of [
      ['bn.running_mean', -3e38],
      ['bn.weight', 100],
    ] as const) {
      const { shape } = state.get(name)!;
      state.set(name, { dtype: 'f32', shape, data: new Float32Array(shape[0]!).fill(value) });
    }
    await learner.loadStateDict(state);
  };

  for (const { engine, skip } of engines)
    it(`counts nothing as right, and is not the best: ${engine}`, { skip }, () =>
      withFolder((folder) =>
        withTrainer(
          { engine, folder, epochs: 2, averageDecay: 0.9, schedule: () => 0 },
          async ({ trainer, learner, events }) => {
            await breakStatistics(learner);
            assert.equal(await trainer.run(), 'complete');
            for (const { test, average, bestTop1 } of eventsOf(events, 'epoch')) {
              assert.deepEqual([test.top1, test.top5, test.notFinite], [0, 0, 20]);
              assert.deepEqual([average!.top1, average!.notFinite], [0, 20]);
              assert.ok(Number.isNaN(test.crossEntropy));
              assert.equal(bestTop1, 0);
            }
            const [result] = eventsOf(events, 'result');
            assert.deepEqual([result!.top1, result!.bestTop1, result!.notFinite], [0, 0, 20]);
            for (const name of ['best', 'best-ema'])
              assert.ok(!existsSync(join(folder, `${name}.safetensors`)), name);
            const { progress } = readCheckpoint(join(folder, 'last.safetensors')).training!;
            assert.deepEqual([progress.bestTop1, progress.bestAverageTop1], [-1, -1]);
          },
        ),
      ),
    );
});
