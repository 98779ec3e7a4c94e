import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { cosine, exponential, multistep, oneCycle, type Schedule } from '../../src/optim/schedule.js';

interface Golden {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly rate: number;
  readonly rates: Readonly<Record<string, readonly number[]>>;
}

/** What bench/pytorch/golden_recipes.py wrote. */
const {
  epochs,
  stepsPerEpoch,
  rate: baseLr,
  rates,
} = JSON.parse(
  readFileSync(new URL('../../../test/golden/schedules.json', import.meta.url), 'utf8'),
) as Golden;

const schedules: Readonly<Record<string, Schedule>> = {
  multistep: multistep({ baseLr, milestones: [2, 4] }),
  exponential: exponential({ baseLr, gamma: 0.8 }),
  cosine: cosine({ baseLr, epochs }),
  onecycle: oneCycle({ baseLr, epochs }),
  'onecycle-options': oneCycle({ baseLr, epochs, pctStart: 0.25, divFactor: 10, finalDivFactor: 100 }),
  'multistep-warm': multistep({ baseLr, milestones: [2, 4], warmupEpochs: 2 }),
};

describe('schedules are PyTorch’s', () => {
  it('in the golden numbers, all of them', () => {
    assert.deepEqual(Object.keys(schedules), Object.keys(rates));
  });

  for (const [name, schedule] of Object.entries(schedules))
    it(name, () => {
      rates[name]!.forEach((expected, now) => {
        const found = schedule(Math.floor(now / stepsPerEpoch), now % stepsPerEpoch, stepsPerEpoch);
        assert.ok(Math.abs(found - expected) < 1e-9 * baseLr, `step ${now}: ${found} instead of ${expected}`);
      });
    });

  it('a cycle that rises within its first step starts at the highest rate', () => {
    assert.equal(oneCycle({ baseLr, epochs: 1, pctStart: 0.25 })(0, 0, 4), baseLr);
  });
});
