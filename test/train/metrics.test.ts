import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CalibrationMeter } from '../../src/train/calibration.js';
import { classAverages, classFigures } from '../../src/train/classFigures.js';
import { Confusion } from '../../src/train/confusion.js';
import {
  accuracyOf,
  accuracySums,
  addAccuracy,
  NO_ACCURACY,
  numbersOfSums,
  sumsOfNumbers,
} from '../../src/train/metrics.js';
import { Samples } from '../support/samples.js';

/** A matrix with given counts. */
function confusionOf(classes: readonly string[], rows: readonly (readonly number[])[]): Confusion {
  const confusion = new Confusion(classes);
  for (const [label, row] of rows.entries())
    for (const [predicted, times] of row.entries())
      for (let i = 0; i < times; i++) confusion.add(label, predicted);
  return confusion;
}

const close = (found: number, expected: number, tolerance = 1e-12): void =>
  assert.ok(Math.abs(found - expected) <= tolerance, `${found} instead of ${expected}`);

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
      const each = (_: number, k: number, confidence: number): void => {
        const row = logits.subarray(predicted.length * classes, (predicted.length + 1) * classes);
        close(confidence, Math.exp(row[k]!) / row.reduce((sum, logit) => sum + Math.exp(logit), 0));
        predicted.push(k);
      };
      const sums = accuracySums(logits, labels, { classes, count, each });
      assert.equal(sums.images, count);
      assert.equal(sums.top1, ranks.filter((r) => r === 0).length);
      assert.equal(sums.top5, ranks.filter((r) => r < 5).length);
      predicted.forEach((k, n) => {
        assert.equal(rank([...logits.subarray(n * classes, (n + 1) * classes)], k), 0);
      });
    }
  });
});

describe('accuracySums of logits that are not finite', () => {
  it('counts a row that is not finite as wrong, whichever class has the NaN', () => {
    const row = (at: number, value: number): number[] =>
      [0, 1, 2, 3, 4, 5, 6].map((x, k) => (k === at ? value : x));
    const rows = [Array<number>(7).fill(NaN), row(6, NaN), row(0, NaN), row(6, Infinity), row(0, -Infinity)];
    const predicted: number[] = [];
    const sums = accuracySums(Float32Array.from(rows.flat()), Int32Array.of(0, 6, 6, 6, 6), {
      classes: 7,
      count: 5,
      each: (_, k) => predicted.push(k),
    });
    // Of the last row alone the label's probability is defined.
    assert.deepEqual(
      { ...sums, crossEntropy: 0 },
      { images: 5, top1: 1, top5: 1, crossEntropy: 0, notFinite: 4 },
    );
    assert.ok(Number.isNaN(sums.crossEntropy));
    assert.deepEqual(predicted, [-1, -1, -1, -1, 6]);
    const both = addAccuracy(sums, { images: 5, top1: 5, top5: 5, crossEntropy: 1 });
    assert.deepEqual([accuracyOf(both).top1, accuracyOf(both).notFinite], [60, 4]);
    assert.deepEqual(sumsOfNumbers(numbersOfSums(both)), both);
    // With few classes every label is among the five highest, unless there is no order.
    const few = { classes: 3, count: 1 };
    assert.equal(accuracySums(new Float32Array(3).fill(NaN), Int32Array.of(1), few).top5, 0);
  });
});

describe('cross-entropy', () => {
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
  it('lists the pairs by number', () => {
    const confusion = confusionOf(
      ['cat', 'dog', 'fish', 'none'],
      [
        [3, 1, 0, 0],
        [4, 1, 0, 0],
        [0, 2, 5, 0],
        [0, 0, 0, 0],
      ],
    );
    assert.deepEqual(confusion.worstPairs(2), [
      { label: 'dog', predicted: 'cat', images: 4 },
      { label: 'fish', predicted: 'dog', images: 2 },
    ]);
  });
});

describe('images without a prediction', () => {
  it('are of no column, and wrong in every figure', () => {
    const confusion = confusionOf(
      ['cat', 'dog'],
      [
        [3, 0],
        [0, 1],
      ],
    );
    confusion.add(0, -1);
    assert.deepEqual(
      confusion.rows.map((row) => [...row]),
      [
        [3, 0],
        [0, 1],
      ],
    );
    const [cat, dog] = classFigures(confusion);
    assert.deepEqual([cat!.images, cat!.predicted, cat!.recall], [4, 3, 3 / 4]);
    assert.equal(dog!.recall, 1);
    assert.deepEqual(confusion.worstPairs(5), []);
  });
});

describe('figures of classes', () => {
  // `fish` has images, but is never predicted; `bird` is predicted, but has no images; `none` does not occur.
  const figures = classFigures(
    confusionOf(
      ['cat', 'dog', 'fish', 'bird', 'none'],
      [
        [3, 1, 0, 0, 0],
        [2, 3, 0, 1, 0],
        [0, 2, 0, 0, 0],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
      ],
    ),
  );

  it('are precision, recall and F1, and NaN where there is nothing to divide by', () => {
    assert.deepEqual(
      figures.map(({ images, predicted, ...shares }) => [
        images,
        predicted,
        ...Object.values(shares).slice(1),
      ]),
      [
        [4, 5, 3 / 5, 3 / 4, 6 / 9],
        [6, 6, 3 / 6, 3 / 6, 6 / 12],
        [2, 0, NaN, 0, 0],
        [0, 1, 0, NaN, 0],
        [0, 0, NaN, NaN, NaN],
      ],
    );
  });

  it('have the means that scikit-learn gives', () => {
    // sklearn.metrics 1.2: precision_recall_fscore_support(average='macro' and 'weighted'), balanced_accuracy_score.
    const { macro, weighted, balancedAccuracy } = classAverages(figures);
    close(macro.precision, 0.275);
    close(macro.recall, 0.3125);
    close(macro.f1, 7 / 24);
    close(weighted.precision, 0.45);
    close(weighted.recall, 0.5);
    close(weighted.f1, 17 / 36);
    close(balancedAccuracy, 5 / 12);
    assert.ok(Number.isNaN(classAverages(classFigures(new Confusion(['a']))).macro.f1));
  });
});

describe('calibration', () => {
  it('has the expected error by its definition', () => {
    const meter = new CalibrationMeter(5);
    for (const [confidence, isRight] of [
      [0.9, true],
      [0.75, true],
      [0.98, false],
      [0.79, true],
      [0.59, false],
    ] as const)
      meter.add(confidence, isRight);
    const { error, bins } = meter.result();
    // (0.6, 0.8]: 0.75 and 0.79, right; (0.8, 1]: 0.9 right and 0.98 wrong; (0.4, 0.6]: 0.59 wrong.
    close(error, (2 * (1 - 0.77) + 2 * (0.94 - 0.5) + 0.59) / 5);
    assert.deepEqual(
      bins.map(({ images }) => images),
      [0, 0, 1, 2, 2],
    );
  });

  it('has bins that include their upper ends, and is NaN for a model that gives NaN', () => {
    const meter = new CalibrationMeter(4);
    for (const confidence of [0.25, 0.5, 1, 0]) meter.add(confidence, true);
    assert.deepEqual(
      meter.result().bins.map(({ images }) => images),
      [2, 1, 0, 1],
    );
    meter.add(NaN, false);
    assert.ok(Number.isNaN(meter.result().error));
  });
});
