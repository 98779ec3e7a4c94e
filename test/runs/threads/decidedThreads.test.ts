import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { engineOptionsOf } from '../../../src/runs/engineOptions.js';
import { AUTO_THREADS } from '../../../src/runs/threads/configuredThreads.js';
import { decidedThreads } from '../../../src/runs/threads/decidedThreads.js';
import { withThreadsVariable } from './fixtures/threadsVariable.js';

describe('BIASLOSS_THREADS', () => {
  it('decides where the settings do not, and nothing else does where it is auto', () => {
    const given = { BIASLOSS_THREADS: '3' };
    assert.deepEqual([decidedThreads(null, given), decidedThreads(AUTO_THREADS, given)], [3, 3]);
    assert.equal(decidedThreads(2, given), 2);
    assert.equal(decidedThreads(undefined, { BIASLOSS_THREADS: 'auto' }), undefined);
    assert.equal(decidedThreads(null, {}), undefined);
  });

  it('is refused where it is no number, and nothing else decides', () => {
    for (const value of ['many', '0', '1.5', '100000', ''])
      assert.throws(
        () => decidedThreads(null, { BIASLOSS_THREADS: value }),
        /^UserError: BIASLOSS_THREADS must be auto or a whole number from 1 to \d+, not ".*"$/,
      );
    assert.equal(decidedThreads(2, { BIASLOSS_THREADS: 'many' }), 2);
  });

  it('is what every engine that is started by settings takes', () =>
    withThreadsVariable('3', async () => {
      assert.deepEqual(engineOptionsOf({ threads: null, precision: 'f32' }), {
        threads: 3,
        precision: 'f32',
      });
      assert.deepEqual(engineOptionsOf({ threads: 1, precision: 'f32' }), { threads: 1, precision: 'f32' });
    }));
});
