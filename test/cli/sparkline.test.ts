import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sparkline } from '../../src/cli/sparkline.js';

describe('sparkline', () => {
  it('draws from the least to the greatest', () =>
    assert.equal(sparkline([10, 45, Number.NaN, 80], 40), '10 ▁▅ █ 80'));

  it('shows the last of each part where there are too many', () =>
    assert.equal(
      sparkline(
        Array.from({ length: 160 }, (_, i) => i),
        8,
      ),
      '0 ▁▂▃▄▅▆▇█ 159',
    ));

  it('takes a single value, equal ones and none', () => {
    assert.equal(sparkline([12.345], 8), '12.35 ▁ 12.35');
    assert.equal(sparkline([3, 3], 8), '3 ▁▁ 3');
    assert.equal(sparkline([Number.NaN], 8), '');
  });
});
