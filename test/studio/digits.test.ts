import assert from 'node:assert/strict';
import { it } from 'node:test';
import { withDigits } from '../../src/studio/page/chart/digits.js';

it('numbers of an axis have the digits that they differ by', () => {
  const texts = (start: number, step: number): string[] =>
    [0, 1, 2].map((i) => withDigits(start + i * step, step));
  assert.deepEqual(texts(0.00242735, 5e-8), ['0.00242735', '0.0024274', '0.00242745']);
  assert.deepEqual(texts(0.2, 0.1), ['0.2', '0.3', '0.4']);
  assert.deepEqual(texts(-200, 200), ['-200', '0', '200']);
  assert.equal(withDigits(2.34567, 0), '2.35');
  assert.equal(withDigits(1e-9, 1), '1e-9');
  assert.deepEqual(texts(1e9, 5e8), ['1e9', '1.5e9', '2e9']);
  assert.deepEqual(texts(-2e30, 1e30), ['-2e30', '-1e30', '0']);
  assert.equal(withDigits(9_999_999, 1), '9999999');
});
