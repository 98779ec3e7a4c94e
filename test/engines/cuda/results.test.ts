import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Delivery } from '../../../src/engines/cuda/device.js';
import { Results } from '../../../src/engines/cuda/results.js';

/** A delivery that comes when it is let, or when it is waited for. */
class Coming implements Delivery {
  isThere = false;
  waits = 0;
  questions = 0;

  isDone(): boolean {
    this.questions++;
    return this.isThere;
  }

  wait(): void {
    this.waits++;
    this.isThere = true;
  }
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

describe('results of a device', () => {
  it('are asked for between messages while nothing is behind them', async () => {
    const [results, coming] = [new Results(), new Coming()];
    let isHere = false;
    const awaited = results.of(coming).then(() => {
      isHere = true;
    });
    await turns(50);
    assert.ok(coming.questions > 5 && coming.questions < 30, `${coming.questions} questions`);
    assert.ok(!isHere);
    coming.isThere = true;
    await awaited;
    assert.equal(coming.waits, 0);
  });

  it('are waited for as soon as more work is behind them, one after the other', async () => {
    const results = new Results();
    const [first, second, third] = [new Coming(), new Coming(), new Coming()];
    const ended: string[] = [];
    const awaited = results.of(first).then(() => ended.push('first'));
    await turns(20);
    const others = [
      results.of(second).then(() => ended.push('second')),
      results.of(third).then(() => ended.push('third')),
    ];
    await awaited;
    await others[0];
    assert.deepEqual([first.waits, second.waits, third.waits], [1, 1, 0]);
    await turns(20);
    assert.deepEqual(ended, ['first', 'second']);
    third.isThere = true;
    await others[1];
    assert.deepEqual(ended, ['first', 'second', 'third']);
  });

  it('that do not come leave the others as they are', async () => {
    const results = new Results();
    const lost = { isDone: () => false, wait: () => assert.fail('the GPU was lost') };
    const later = new Coming();
    const all = [results.of(lost), results.of(later)];
    await assert.rejects(all[0]!, /the GPU was lost/);
    await turns(10);
    later.isThere = true;
    await all[1];
    assert.equal(later.waits, 0);
  });
});
