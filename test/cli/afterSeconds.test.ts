import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterSeconds } from '../../src/cli/afterSeconds.js';

const DAY = 86_400;

describe('afterSeconds', () => {
  it('waits for longer than a timer can', async () => {
    let calls = 0;
    const warned: string[] = [];
    const onWarning = ({ name }: Error): number => warned.push(name);
    process.on('warning', onWarning);
    const ends = [25 * DAY, 60 * DAY].map((time) =>
      afterSeconds(time, () => {
        calls++;
      }),
    );
    await sleep(50);
    for (const end of ends) end();
    process.off('warning', onWarning);
    assert.deepEqual([calls, warned], [0, []]);
  });

  it('calls once when the time is up, and not after its end', () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const called: string[] = [];
      afterSeconds(60 * DAY, () => called.push('long'));
      afterSeconds(2, () => called.push('short'));
      const end = afterSeconds(30 * DAY, () => called.push('ended'));
      mock.timers.tick(1999);
      assert.deepEqual(called, []);
      for (let hour = 0; hour < 60 * 24 - 1; hour++) {
        mock.timers.tick(3_600_000);
        if (hour === 26 * 24) end();
      }
      assert.deepEqual(called, ['short']);
      mock.timers.tick(2 * 3_600_000);
      mock.timers.tick(3_600_000);
      assert.deepEqual(called, ['short', 'long']);
    } finally {
      mock.timers.reset();
    }
  });
});
