import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Confusion } from '../../src/train/confusion.js';
import { accuracyOf, accuracySums, addAccuracy, NO_ACCURACY } from '../../src/train/metrics.js';
import { Samples } from '../support/samples.js';

/** Rank of a label among logits, by sorting. */
function rank(row: readonly number[], label: number): number {
  return row
    .map((logit, k) => ({ logit, k }))
    .sort((a, b) => b.logit - a.logit || a.k - b.k)
    .findIndex(({ k }) => k === label);
}

describe('accuracySums', () => {
  it('counts what sorting counts, on random logits with many ties', () => {
    const samples = new Samples('metrics');
    for (let trial = 0; trial < 50; trial++) {
      const classes = samples.integer(2, 12);
      const count = samples.integer(1, 6);
      const logits = Float32Array.from({ length: (count + 1) * classes }, () => samples.integer(-2, 2));
      const labels = samples.labels(count + 1, classes);
      const ranks = Array.from({ length: count }, (_, n) =>
        rank([...logits.subarray(n * classes, (n + 1) * classes)], labels[n]!),
      );
      const predicted: number[] = [];
      const sums = accuracySums(logits, labels, { classes, count, each: (_, k) => predicted.push(k) });
      assert.equal(sums.images, count);
      assert.equal(sums.top1, ranks.filter((r) => r === 0).length);
      assert.equal(sums.top5, ranks.filter((r) => r < 5).length);
      predicted.forEach((k, n) => {
        assert.equal(rank([...logits.subarray(n * classes, (n + 1) * classes)], k), 0);
      });
    }
  });

  it('sums −log softmax, for huge logits too', () => {
    const logits = Float32Array.of(Math.log(1), Math.log(2), Math.log(5), 1e4, 0, 0);
    const sums = accuracySums(logits, Int32Array.of(1, 1), { classes: 3, count: 2 });
    assert.ok(Math.abs(sums.crossEntropy - (-Math.log(2 / 8) + 1e4)) < 1e-3);
  });

  it('adds up and becomes percent', () => {
    const a = { images: 3, top1: 1, top5: 2, crossEntropy: 1.5 };
    const b = { images: 1, top1: 0, top5: 1, crossEntropy: 0.5 };
    const accuracy = accuracyOf(addAccuracy(a, b));
    assert.deepEqual(accuracy, { images: 4, top1: 25, top5: 75, crossEntropy: 0.5 });
    assert.deepEqual(accuracyOf(NO_ACCURACY), { images: 0, top1: 0, top5: 0, crossEntropy: 0 });
  });
});

describe('Confusion', () => {
  it('lists classes from worst to best without empty ones, and pairs by number', () => {
    const confusion = new Confusion(['cat', 'dog', 'fish', 'none']);
    const seen: [number, number, number][] = [
      [0, 0, 3],
      [0, 1, 1],
      [1, 0, 4],
      [1, 1, 1],
      [2, 2, 5],
      [2, 1, 2],
    ];
    for (const [label, predicted, times] of seen)
      for (let i = 0; i < times; i++) confusion.add(label, predicted);
    assert.deepEqual(confusion.perClass(), [
      { name: 'dog', images: 5, top1: 20 },
      { name: 'fish', images: 7, top1: 500 / 7 },
      { name: 'cat', images: 4, top1: 75 },
    ]);
    assert.deepEqual(confusion.worstPairs(2), [
      { label: 'dog', predicted: 'cat', images: 4 },
      { label: 'fish', predicted: 'dog', images: 2 },
    ]);
  });
});
