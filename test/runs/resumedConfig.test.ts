import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resumedConfig } from '../../src/runs/resumedConfig.js';
import { TRAIN_DEFAULTS } from '../../src/runs/settings/table.js';
import type { TrainConfig } from '../../src/runs/trainConfig.js';
import { scheduleOf } from '../../src/runs/trainingParts.js';

const STEPS = 20;

/** What is said when a run of 4 epochs is resumed with others. */
function notices(settings: Partial<TrainConfig>, epochs: number, epoch: number): string[] {
  const found: string[] = [];
  resumedConfig({
    saved: { ...TRAIN_DEFAULTS, data: 'synthetic', epochs: 4, baseLr: 0.1, ...settings },
    source: 'run',
    folder: 'run',
    given: { epochs },
    epoch,
    stepsPerEpoch: epoch > 0 ? STEPS : undefined,
    onNotice: (text) => found.push(text),
  });
  return found;
}

describe('a run that is resumed with another number of epochs', () => {
  it('says how the rate changes, by the rates of its schedule', () => {
    for (const schedule of ['cosine', 'onecycle'] as const)
      for (const epoch of [2, 4]) {
        const [old, now] = [4, 8].map((epochs) =>
          Number(
            scheduleOf({ ...TRAIN_DEFAULTS, schedule, epochs, baseLr: 0.1 })(epoch, 0, STEPS).toPrecision(3),
          ),
        );
        assert.notEqual(old, now);
        assert.deepEqual(notices({ schedule }, 8, epoch), [
          `with 8 epochs instead of 4 the ${schedule} schedule gives another learning rate from epoch ${epoch + 1} on: ${now} there instead of ${old}`,
        ]);
      }
  });

  it('says so within the first epoch, at whose start both rates are the same', () => {
    assert.match(
      notices({ schedule: 'onecycle' }, 8, 0).join(),
      /another learning rate from epoch 1 on: 0\.\d+ at its end instead of 0\.\d+$/,
    );
    assert.equal(notices({ schedule: 'cosine' }, 3, 1).length, 1);
  });

  it('says nothing where the rate stays, or no epoch is left', () => {
    assert.deepEqual(notices({ schedule: 'multistep', milestones: [3, 6] }, 8, 2), []);
    assert.deepEqual(notices({ schedule: 'exponential' }, 8, 4), []);
    assert.deepEqual(notices({ schedule: 'onecycle' }, 4, 2), []);
    assert.deepEqual(notices({ schedule: 'onecycle' }, 2, 2), []);
  });
});
