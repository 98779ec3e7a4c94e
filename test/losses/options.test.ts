import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../../src/errors.js';
import { type BiasLossOptions, biasLoss } from '../../src/losses/biasLoss.js';
import { crossEntropyLoss } from '../../src/losses/crossEntropy.js';

const refuses = (make: () => unknown, message: string): void =>
  assert.throws(make, (error) => {
    assert.ok(error instanceof UsageError);
    assert.equal(error.message, message);
    return true;
  });

test('the losses’ options out of range are refused by name', () => {
  const range = 'labelSmoothing must be a number from 0 to below 1, not';
  for (const labelSmoothing of [1, -0.1, Number.NaN]) {
    refuses(() => biasLoss({ labelSmoothing }), `${range} ${labelSmoothing}`);
    refuses(() => crossEntropyLoss({ labelSmoothing }), `${range} ${labelSmoothing}`);
  }
  refuses(() => biasLoss({ alpha: Number.NaN }), 'alpha must be a number, not NaN');
  refuses(() => biasLoss({ beta: Number.POSITIVE_INFINITY }), 'beta must be a number, not Infinity');
  for (const make of [biasLoss, crossEntropyLoss]) {
    refuses(() => make({ focalGamma: -1 }), 'focalGamma must be a number of at least 0, not -1');
    const classWeights = [1, -2];
    refuses(() => make({ classWeights }), 'classWeights must be numbers of at least 0, not -2 of class 1');
    refuses(() => make({ classWeights: [0, 0] }), 'classWeights must not all be 0');
    refuses(
      () => make({ distillation: { weight: 0, temperature: 1 } }),
      'the weight of distillation must be a number above 0 and up to 1, not 0',
    );
    refuses(
      () => make({ distillation: { weight: 1, temperature: 0 } }),
      'the temperature of distillation must be a number above 0, not 0',
    );
  }
  const untyped = JSON.parse('{ "normMode": "batch" }') as BiasLossOptions;
  refuses(() => biasLoss(untyped), 'normMode must be global or local, not batch');
});

test('what is in range is taken', () => {
  biasLoss({ alpha: -1, beta: 0, normMode: 'local', labelSmoothing: 0.9 });
  crossEntropyLoss({ labelSmoothing: 0 });
});
