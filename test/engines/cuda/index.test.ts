import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Index, type IndexVariable, type IntegerScope } from '../../../src/engines/cuda/codegen/index.js';

/** Computes what code would, for given values of the variables. */
class Evaluation implements IntegerScope {
  constructor(private readonly values: Map<string, number>) {}

  integer(text: string, range: number): IndexVariable {
    const name = `v${this.values.size}`;
    const value = this.evaluate(text);
    assert.ok(value >= 0 && value < range, `${text} is ${value}, not less than ${range}`);
    this.values.set(name, value);
    return { name, range, lanes: 'same', step: 1 };
  }

  /** C's division of whole numbers that are not negative. */
  evaluate(text: string): number {
    const names = [...this.values.keys()];
    const whole = text.replace(/^\((.*)\) \/ (\d+)u$/, 'Math.floor(($1) / $2)');
    return new Function(...names, `return ${whole}`)(...this.values.values()) as number;
  }
}

const cases = fc.record({
  terms: fc.array(
    fc
      .record({ range: fc.integer({ min: 1, max: 9 }), factor: fc.integer({ min: 1, max: 12 }) })
      .chain((term) => fc.record({ ...constant(term), value: fc.integer({ min: 0, max: term.range - 1 }) })),
    { maxLength: 4 },
  ),
  offset: fc.integer({ min: 0, max: 20 }),
  divisor: fc.integer({ min: 1, max: 12 }),
});

function constant<T extends Record<string, number>>(values: T): { [K in keyof T]: fc.Arbitrary<T[K]> } {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, fc.constant(value)])) as {
    [K in keyof T]: fc.Arbitrary<T[K]>;
  };
}

test('quotients and remainders of indices are those of their values', () => {
  fc.assert(
    fc.property(cases, ({ terms, offset, divisor }) => {
      const scope = new Evaluation(new Map(terms.map(({ value }, i) => [`v${i}`, value])));
      const index = terms.reduce(
        (sum, { range, factor }, i) =>
          sum.plus(Index.of({ name: `v${i}`, range, lanes: 'same', step: 1 }).times(factor)),
        Index.constant(offset),
      );
      const value = terms.reduce((sum, term) => sum + term.value * term.factor, offset);
      assert.equal(scope.evaluate(index.text()), value);
      assert.ok(value <= index.largest());
      const { quotient, remainder } = index.divide(scope, divisor);
      assert.equal(scope.evaluate(quotient.text()), Math.floor(value / divisor));
      assert.equal(scope.evaluate(remainder.text()), value % divisor);
    }),
    { numRuns: 500 },
  );
});

test('a flattened place is taken apart without code', () => {
  const axis = (name: string, range: number): Index => Index.of({ name, range, lanes: 'same', step: 1 });
  const none: IntegerScope = { integer: (text) => assert.fail(`code for ${text}`) };
  const place = axis('n', 4).times(60).plus(axis('c', 5).times(12)).plus(axis('w', 12));
  const { quotient, remainder } = place.divide(none, 60);
  assert.equal(quotient.text(), 'n');
  const inner = remainder.divide(none, 12);
  assert.deepEqual([inner.quotient.text(), inner.remainder.text()], ['c', 'w']);
});
