import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readCheckpoint } from '../../src/runs/checkpoint.js';
import { lengthBy } from '../../src/runs/pace.js';
import { TRAIN_DEFAULTS } from '../../src/runs/settings/table.js';
import { scheduleOf } from '../../src/runs/trainingParts.js';
import type { TrainerEvent } from '../../src/train/events.js';
import { withFolder, withTrainer } from './fixtures/tiny.js';

const config = { ...TRAIN_DEFAULTS, schedule: 'cosine', baseLr: 0.01, epochs: 4, warmupEpochs: 1 } as const;

/** A run that is planned with four epochs, and the number that it has after each. */
async function run(folder: string, plans: readonly number[]): Promise<TrainerEvent[]> {
  const asked: [done: number, planned: number][] = [];
  const lengthAfter = lengthBy((done, planned, seconds) => {
    assert.ok(seconds > 0 && seconds < 60);
    asked.push([done, planned]);
    return plans[done - 1] ?? planned;
  }, config);
  const events = await withTrainer(
    { folder, epochs: config.epochs, schedule: scheduleOf(config), lengthAfter },
    async ({ trainer, events }) => {
      assert.equal(await trainer.run(), 'complete');
      return events;
    },
  );
  assert.deepEqual(
    asked,
    asked.map((_, i) => [i + 1, plans[i - 1] ?? (i > 0 ? plans.at(-1)! : config.epochs)]),
  );
  return events;
}

const ratesOf = (events: readonly TrainerEvent[]): number[] =>
  events.flatMap((event) => (event.event === 'epoch' ? [event.learningRate] : []));

describe('a run whose length changes on the way', () => {
  for (const [plans, what] of [
    [[4, 7], 'longer'],
    [[2], 'shorter'],
  ] as const)
    it(`becomes ${what}; its schedule ends with it, and its checkpoint says so`, () =>
      withFolder(async (folder) => {
        const events = await run(folder, plans);
        const epochs = plans.at(-1)!;
        const changes = events.filter(({ event }) => event === 'length');
        assert.deepEqual(changes, [{ event: 'length', epochs, before: 4 }]);
        const rates = ratesOf(events);
        assert.equal(rates.length, epochs);
        const warmupEpochs = Math.min(1, epochs / 4);
        const after = scheduleOf({ ...config, epochs, warmupEpochs });
        for (const [epoch, rate] of rates.entries())
          assert.equal(rate, (epoch < plans.length ? scheduleOf(config) : after)(epoch, 4, 5));
        assert.ok(rates.at(-1)! < 0.1 * config.baseLr);
        const { progress, config: saved } = readCheckpoint(join(folder, 'last.safetensors')).training!;
        assert.deepEqual([progress.epoch, saved.epochs, saved.warmupEpochs], [epochs, epochs, warmupEpochs]);
      }));
});
