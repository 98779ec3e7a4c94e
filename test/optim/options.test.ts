import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../../src/errors.js';
import { adamw } from '../../src/optim/adamw.js';
import { lion } from '../../src/optim/lion.js';
import type { Optimizer } from '../../src/optim/optimizer.js';
import { rmsprop } from '../../src/optim/rmsprop.js';

const refused: readonly (readonly [make: () => Optimizer, message: string])[] = [
  [() => adamw({ betas: [0.9] }), 'betas must be two numbers, not 1'],
  [() => adamw({ betas: [0.9, 0.9, 0.9] }), 'betas must be two numbers, not 3'],
  [() => adamw({ betas: [1, 0.9] }), 'each of betas must be a number from 0 to below 1, not 1'],
  [() => adamw({ eps: 0 }), 'eps must be a number above 0, not 0'],
  [() => adamw({ weightDecay: -1 }), 'weightDecay must be a number of at least 0, not -1'],
  [() => rmsprop({ smoothing: 1 }), 'smoothing must be a number from 0 to below 1, not 1'],
  [() => rmsprop({ momentum: -1 }), 'momentum must be a number from 0 to below 1, not -1'],
  [() => rmsprop({ eps: Number.NaN }), 'eps must be a number above 0, not NaN'],
  [() => rmsprop({ weightDecay: Number.NaN }), 'weightDecay must be a number of at least 0, not NaN'],
  [() => lion({ betas: [0.9, -1] }), 'each of betas must be a number from 0 to below 1, not -1'],
  [
    () => lion({ weightDecay: Number.POSITIVE_INFINITY }),
    'weightDecay must be a number of at least 0, not Infinity',
  ],
];

test('optimisers refuse options out of range by name', () => {
  for (const [make, message] of refused)
    assert.throws(make, (error) => {
      assert.ok(error instanceof UsageError);
      assert.equal(error.message, message);
      return true;
    });
});
