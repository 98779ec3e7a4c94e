import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pairedTest } from '../../src/report/compare/pairedTest.js';
import { spreadText } from '../../src/report/compare/spreadText.js';
import { comparisonTables } from '../../src/report/compare/tables.js';

it('a mean has the digits that its deviation leaves', () => {
  const cases: readonly (readonly [mean: number, deviation: number, text: string])[] = [
    [61.22667, 0.0901847, '61.2267 ± 0.0902'],
    [57.64333, 2.139166, '57.64 ± 2.14'],
    [70, 2, '70 ± 2'],
    [1234.5678, 321.4, '1235 ± 321'],
    [5, 0, '5 ± 0'],
    [76.123456, Number.NaN, '76.123'],
    [Number.NaN, Number.NaN, '–'],
  ];
  for (const [mean, deviation, text] of cases) assert.equal(spreadText(mean, deviation), text);
});

describe('the table of differences', () => {
  const rowOf = (second: readonly number[]) => {
    const group = (name: string) => ({
      name,
      runs: [],
      last: { mean: 0, deviation: 0 },
      best: { mean: 0, deviation: 0 },
    });
    const run = {
      name: 'a',
      settings: {},
      seed: 0,
      epochs: [1],
      values: [1],
      best: 1,
      bestEpoch: 1,
      last: 1,
    };
    const tables = comparisonTables({
      metric: 'test_top1',
      of: 'last',
      runs: [run],
      groups: [group('one'), group('two')],
      differences: [{ first: 'one', second: 'two', seeds: 3, test: pairedTest([1, 2, 3], second) }],
    });
    return tables.at(-1)!.rows[0]!;
  };

  it('has the probability of the paired test', () => {
    assert.deepEqual(rowOf([2, 4, 6]).slice(-2), ['3.4641', '0.0742']);
  });

  it('has none where all differences are equal', () => {
    assert.deepEqual(rowOf([3, 4, 5]).slice(1), ['3', '2', '2 to 2', '–', '–']);
  });
});
