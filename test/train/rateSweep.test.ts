import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Loader } from '../../src/data/loader.js';
import { suggestRates, sweepRates } from '../../src/train/rateSweep.js';
import { TINY_SIZE, tinyDataset, withTrainer } from './fixtures/tiny.js';

test('rates grow by the same factor until the loss diverges', () =>
  withTrainer({ batchSize: 8 }, async ({ learner }) => {
    const train = new Loader(tinyDataset('train', 43), {
      batchSize: 8,
      imageSize: TINY_SIZE,
      training: { seed: 1 },
    });
    const shares: number[] = [];
    try {
      const points = await sweepRates({
        ...{ learner, train, from: 1e-5, to: 1e5, steps: 41 },
        onProgress: (done) => shares.push(done),
      });
      assert.ok(points.length > 10 && points.length < 41, `${points.length} points`);
      assert.equal(shares.length, points.length);
      points.forEach(({ learningRate }, i) => {
        assert.ok(Math.abs(Math.log10(learningRate) + 5 - i / 4) < 1e-9, `${learningRate}`);
      });
      const { valley, steepest } = suggestRates(points)!;
      for (const rate of [valley, steepest]) assert.ok(rate > 1e-5 && rate < points.at(-1)!.learningRate);
    } finally {
      await train.close();
    }
  }));

test('the valley is the longest fall', () => {
  // Flat, then a fall from step 30 to 60, then up.
  const points = Array.from({ length: 90 }, (_, i) => {
    const loss = i < 30 ? 2 : i <= 60 ? 2 - (i - 30) / 30 : 1 + (i - 60) / 5;
    return { learningRate: 10 ** (i / 10 - 7), loss, smoothed: loss };
  });
  const { valley } = suggestRates(points)!;
  const place = (Math.log10(valley) + 7) * 10;
  assert.ok(place > 40 && place < 50, `step ${place}`);
});

test('nothing is suggested where the loss falls nowhere', () => {
  const points = Array.from({ length: 40 }, (_, i) => ({
    learningRate: 10 ** i,
    loss: 1 + i,
    smoothed: 1 + i,
  }));
  assert.equal(suggestRates(points), undefined);
  assert.equal(suggestRates(points.slice(0, 4)), undefined);
});
