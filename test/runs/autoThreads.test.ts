import assert from 'node:assert/strict';
import { it } from 'node:test';
import { chooseThreads } from '../../src/runs/auto/chooseThreads.js';

it('threads are measured on a busy machine alone, and are one where that is clearly faster', async () => {
  const chosen = async (threads: number, load: number, seconds: readonly [all: number, one: number]) => {
    const measured: number[] = [];
    const choice = await chooseThreads({
      threads,
      load,
      measure: async (count) => {
        measured.push(count);
        return seconds[count === 1 ? 1 : 0];
      },
    });
    return { choice, measured };
  };
  assert.deepEqual(await chosen(2, 1.5, [1, 0.1]), { choice: undefined, measured: [] });
  assert.deepEqual(await chosen(1, 5, [1, 0.1]), { choice: undefined, measured: [] });
  assert.deepEqual(await chosen(2, 5, [1, 0.1]), { choice: 1, measured: [2, 1] });
  assert.deepEqual(await chosen(2, 5, [1, 0.9]), { choice: undefined, measured: [2, 1] });
  assert.deepEqual(await chosen(8, 8, [1, 4]), { choice: undefined, measured: [8, 1] });
});
