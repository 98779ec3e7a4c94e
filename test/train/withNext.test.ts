import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withNext } from '../../src/train/withNext.js';

/** Numbers from 0, and what happens to them. */
function counted(count: number): { numbers: AsyncIterable<number>; log: string[] } {
  const log: string[] = [];
  async function* numbers(): AsyncGenerator<number> {
    try {
      for (let number = 0; number < count; number++) {
        log.push(`made ${number}`);
        yield number;
      }
    } finally {
      log.push('closed');
    }
  }
  return { numbers: numbers(), log };
}

describe('items with the next one', () => {
  it('are one ahead', async () => {
    const { numbers, log } = counted(3);
    const found: unknown[] = [];
    for await (const { item, next } of withNext(numbers, true)) {
      log.push(`used ${item}`);
      found.push([item, next]);
    }
    assert.deepEqual(found, [
      [0, 1],
      [1, 2],
      [2, undefined],
    ]);
    assert.deepEqual(log, ['made 0', 'made 1', 'used 0', 'made 2', 'used 1', 'closed', 'used 2']);
  });

  it('are not made in advance where nothing looks ahead', async () => {
    const { numbers, log } = counted(2);
    for await (const { item, next } of withNext(numbers, false)) {
      log.push(`used ${item}`);
      assert.equal(next, undefined);
    }
    assert.deepEqual(log, ['made 0', 'used 0', 'made 1', 'used 1', 'closed']);
  });

  it('are no longer made when the loop ends', async () => {
    const { numbers, log } = counted(9);
    for await (const { item } of withNext(numbers, true)) if (item === 1) break;
    assert.deepEqual(log, ['made 0', 'made 1', 'made 2', 'closed']);
  });

  it('may be none, or one', async () => {
    for (const count of [0, 1]) {
      const found: unknown[] = [];
      for await (const one of withNext(counted(count).numbers, true)) found.push(one);
      assert.deepEqual(found, count === 0 ? [] : [{ item: 0, next: undefined }]);
    }
  });
});
