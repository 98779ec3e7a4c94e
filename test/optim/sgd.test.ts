import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../../src/errors.js';
import { type SgdOptions, sgd } from '../../src/optim/sgd.js';

test('sgd refuses options out of range by name', () => {
  const wrong: [SgdOptions, string][] = [
    [{ momentum: 2 }, 'momentum must be a number from 0 to below 1, not 2'],
    [{ momentum: -0.1 }, 'momentum must be a number from 0 to below 1, not -0.1'],
    [{ momentum: Number.NaN }, 'momentum must be a number from 0 to below 1, not NaN'],
    [{ weightDecay: -1 }, 'weightDecay must be a number of at least 0, not -1'],
    [{ momentum: 0, nesterov: true }, 'nesterov needs a momentum above 0'],
  ];
  for (const [options, message] of wrong)
    assert.throws(
      () => sgd(options),
      (error) => {
        assert.ok(error instanceof UsageError);
        assert.equal(error.message, message);
        return true;
      },
    );
  sgd({ momentum: 0, weightDecay: 0 });
  sgd({ nesterov: true });
});
