import assert from 'node:assert/strict';
import { test } from 'node:test';
import { syntheticDataset } from '../../src/data/synthetic.js';

/** Variance of an image's pixels, averaged over channels. */
function variance(image: Uint8Array): number {
  const planes = [0, 1, 2].map((c) => image.subarray(c * 1024, (c + 1) * 1024));
  const variances = planes.map((plane) => {
    const mean = plane.reduce((sum, x) => sum + x, 0) / 1024;
    return plane.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 1024;
  });
  return Math.max(...variances);
}

test('the same options give the same images; another seed and the other part give others', () => {
  const make = (seed: number): ReturnType<typeof syntheticDataset> =>
    syntheticDataset({ train: 50, test: 50, seed });
  const { train, test } = make(1);
  assert.deepEqual(make(1).train.pixels, train.pixels);
  assert.notDeepEqual(make(2).train.pixels, train.pixels);
  assert.notDeepEqual(test.pixels, train.pixels);
  assert.deepEqual([train.count, train.pixels.length, train.labels.length], [50, 50 * 3072, 50]);
});

test('fewer images are the first of more', () => {
  const few = syntheticDataset({ train: 10, test: 0 }).train;
  const more = syntheticDataset({ train: 20, test: 0 }).train;
  assert.deepEqual(more.pixels.subarray(0, few.pixels.length), few.pixels);
});

test('every class has about its share', () => {
  const { labels, classes } = syntheticDataset({ train: 2000, test: 0 }).train;
  const counts = classes.map((_, c) => labels.filter((label) => label === c).length);
  assert.ok(Math.min(...counts) > 150 && Math.max(...counts) < 250, counts.join(' '));
});

test('the asked share of images shows nearly nothing', () => {
  for (const featurelessShare of [0, 0.2, 1]) {
    const { pixels, count } = syntheticDataset({ train: 500, test: 0, featurelessShare }).train;
    const flat = Array.from({ length: count }, (_, i) =>
      variance(pixels.subarray(i * 3072, (i + 1) * 3072)),
    ).filter((value) => value < 270).length;
    assert.ok(Math.abs(flat / count - featurelessShare) < 0.06, `${flat} of ${count} at ${featurelessShare}`);
  }
});
