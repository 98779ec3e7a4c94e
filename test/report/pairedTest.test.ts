import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deviationOf, meanOf, pairedTest, twoSidedP } from '../../src/report/compare/pairedTest.js';

const close = (found: number, expected: number, tolerance: number): void =>
  assert.ok(Math.abs(found - expected) <= tolerance, `${found} instead of ${expected}`);

describe('pairedTest', () => {
  it('has the probabilities of printed tables of Student’s t', () => {
    const table: [degrees: number, t: number][] = [
      [1, 12.706204736175],
      [2, 4.302652729911],
      [3, 3.182446305284],
      [4, 2.776445105198],
      [9, 2.262157162741],
      [30, 2.042272456301],
    ];
    for (const [degrees, t] of table) {
      close(twoSidedP(t, degrees), 0.05, 1e-10);
      close(twoSidedP(-t, degrees), 0.05, 1e-10);
    }
    assert.equal(twoSidedP(0, 5), 1);
    assert.ok(twoSidedP(Infinity, 5) < 1e-15);
  });

  it('gives R’s result for Student’s own data (sleep)', () => {
    const first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2];
    const second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
    const { pairs, difference, interval, t, p } = pairedTest(first, second)!;
    assert.equal(pairs, 10);
    close(difference, 1.58, 1e-12);
    close(t, 4.0621, 5e-5);
    close(p, 0.002833, 5e-7);
    close(interval[0], 0.7001142, 5e-8);
    close(interval[1], 2.4598858, 5e-8);
  });

  it('takes differences that are all alike, and refuses a single pair', () => {
    assert.equal(pairedTest([1], [2]), undefined);
    assert.equal(pairedTest([1, 2], [1, 2])!.p, 1);
    assert.ok(pairedTest([1, 2], [2, 3])!.p < 1e-12);
    assert.ok(Number.isNaN(deviationOf([1])));
  });
});

describe('values that differ by rounding alone', () => {
  it('have differences that are all alike', () => {
    for (let i = 0; i < 300; i++) {
      const [a, b, c, d] = [600 + i, 650 + 3 * i, 700 - i, 1 + (i % 7)];
      const test = pairedTest([a / 10, b / 10, c / 10], [(a + d) / 10, (b + d) / 10, (c + d) / 10])!;
      assert.equal(test.t, Infinity, `${a} ${b} ${c} ${d}`);
      close(test.difference, d / 10, 1e-12);
      assert.deepEqual(test.interval, [test.difference, test.difference]);
    }
    const { t, p } = pairedTest([0.3, 2.3, 1], [0.1 + 0.2, 2.3, 1])!;
    assert.ok(Number.isNaN(t));
    assert.equal(p, 1);
    // What is small and real stays.
    const real = pairedTest([50, 60, 70], [50.001, 60.001, 70.0010001])!;
    assert.ok(Number.isFinite(real.t) && real.p < 1e-4);
  });

  it('are their own mean, and their deviation is 0', () => {
    for (let i = 0; i <= 1000; i++)
      for (const count of [2, 3, 7]) {
        const values = Array.from({ length: count }, () => i / 10);
        assert.deepEqual([meanOf(values), deviationOf(values)], [i / 10, 0]);
      }
    close(deviationOf([1e-9, 2e-9, 3e-9]), 1e-9, 1e-20);
  });
});
