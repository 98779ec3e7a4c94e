import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../../src/errors.js';
import { compareStateDict, describeDifference, requireMatch } from '../../src/formats/stateDictMatch.js';

const expected = [
  { name: 'conv.weight', shape: [8, 3, 3, 3] },
  { name: 'bn.weight', shape: [8] },
  { name: 'bn.num_batches_tracked', shape: [] },
];
const tensors = (...names: [string, number[]][]): Map<string, { shape: number[] }> =>
  new Map(names.map(([name, shape]) => [name, { shape }]));
const labels = { source: 'a.pth', model: 'net' };

describe('tensors of a file beside those of a model', () => {
  it('fit in any order', () => {
    const found = tensors(['bn.num_batches_tracked', []], ['bn.weight', [8]], ['conv.weight', [8, 3, 3, 3]]);
    requireMatch(found, expected, labels);
  });

  it('may lack counters, unless that is forbidden', () => {
    const found = tensors(['conv.weight', [8, 3, 3, 3]], ['bn.weight', [8]]);
    requireMatch(found, expected, labels);
    assert.throws(
      () => requireMatch(found, expected, { ...labels, optional: () => false }),
      /1 missing: bn\.num_batches_tracked \[\]$/,
    );
  });

  it('are listed with both shapes where they do not fit', () => {
    const found = tensors(['conv.weight', [8, 3, 1, 1]], ['fc.weight', [2, 8]]);
    assert.throws(
      () => requireMatch(found, expected, labels),
      new UserError(
        'a.pth does not have the tensors of net: 1 missing: bn.weight [8]; 1 unexpected: fc.weight [2, 8]; ' +
          '1 of another shape: conv.weight [8, 3, 1, 1] instead of [8, 3, 3, 3]',
      ),
    );
  });

  it('long lists are cut', () => {
    const many = Array.from({ length: 14 }, (_, i) => ({ name: `w${i}`, shape: [i] }));
    const text = describeDifference(compareStateDict(new Map(), many));
    assert.match(text!, /^14 missing: w0 \[0\], .*, w9 \[9\], and 4 more$/);
    assert.doesNotMatch(text!, /w10/);
  });
});
