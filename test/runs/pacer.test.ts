import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pacer } from '../../src/runs/auto/pacer.js';

/** Budget in seconds, epochs that are planned and useful, and what an epoch takes. */
interface Case {
  readonly budget: number;
  readonly planned: number;
  readonly wanted: number;
  readonly seconds: (epoch: number) => number;
}

/** Trains by the clock: epochs at the end, the numbers that were planned on the way, and what is left of the budget. */
function trained({ budget, planned, wanted, seconds }: Case): { plans: number[]; left: number } {
  let left = budget;
  const pace = pacer({ wanted, secondsLeft: () => left });
  const plans = [planned];
  for (let done = 1; ; done++) {
    left -= seconds(done - 1);
    const next = pace(done, plans.at(-1)!, seconds(done - 1));
    if (next !== plans.at(-1)) plans.push(next);
    assert.ok(next >= done, `${next} after ${done}`);
    if (done === next) return { plans, left };
  }
}

describe('the pace of a training in a budget', () => {
  it('is left alone while it fits, or nearly so', () => {
    const steady = { budget: 110, planned: 20, wanted: 60 };
    assert.deepEqual(trained({ ...steady, seconds: () => 5 }), { plans: [20], left: 10 });
    assert.deepEqual(trained({ budget: 1e6, planned: 60, wanted: 60, seconds: () => 1 }).plans, [60]);
  });

  it('grows after a busy moment in which it was planned, up to what is useful', () => {
    const { plans, left } = trained({
      ...{ budget: 180, planned: 2, wanted: 60 },
      seconds: (epoch) => (epoch === 0 ? 24 : 2),
    });
    assert.equal(plans.at(-1), 60);
    assert.ok(left > 0);
    const short = trained({ budget: 60, planned: 2, wanted: 60, seconds: () => 1 });
    assert.deepEqual([short.plans.at(-1), short.left], [54, 6]);
  });

  it('falls where the machine becomes slower, so that the schedule ends within the budget', () => {
    for (const slowFrom of [1, 10, 20, 35]) {
      const seconds = (epoch: number): number => (epoch < slowFrom ? 2 : 8);
      const { plans, left } = trained({ budget: 100, planned: 40, wanted: 40, seconds });
      assert.ok(plans.at(-1)! < 40 && plans.at(-1)! > slowFrom, `${plans.join(' ')}`);
      // What an epoch takes is seen after it has been slow twice.
      assert.ok(left >= 0 && left < 30, `${left} left`);
    }
  });

  it('does not grow once the learning rate has fallen', () => {
    const seconds = (epoch: number): number => (epoch < 25 ? 3 : 0.1);
    const { plans } = trained({ budget: 90, planned: 27, wanted: 40, seconds });
    assert.deepEqual(plans, [27]);
  });

  it('ends at once where no time is left', () => {
    assert.deepEqual(trained({ budget: 10, planned: 5, wanted: 60, seconds: () => 20 }).plans, [5, 1]);
  });
});
