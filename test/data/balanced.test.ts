import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Batch } from '../../src/data/batch.js';
import { Loader } from '../../src/data/loader.js';
import { balancedOrder } from '../../src/data/loading.js';
import { PixelBatches } from '../../src/data/pixelBatches.js';
import { TINY_SIZE, tinyDataset } from '../train/fixtures/tinyModel.js';

/** 90 images of class 0, 8 of class 1, 2 of class 3. */
const labels = Int32Array.from({ length: 100 }, (_, i) => (i < 90 ? 0 : i < 98 ? 1 : 3));

function classCounts(order: Uint32Array): number[] {
  const counts = [0, 0, 0, 0];
  for (const number of order) counts[labels[number % 100]!]!++;
  return counts;
}

describe('a balanced order', () => {
  it('has each class equally often, and is as long as the set', () => {
    for (let epoch = 0; epoch < 5; epoch++) {
      const order = balancedOrder(labels, epoch, 7);
      assert.equal(order.length, 100);
      const [a, b, none, c] = classCounts(order);
      assert.deepEqual([a, b, c].sort(), [33, 33, 34]);
      assert.equal(none, 0);
    }
  });

  it('numbers what comes again, so that no two are augmented alike', () => {
    const order = balancedOrder(labels, 0, 7);
    assert.equal(new Set(order).size, 100);
    const rare = [...order].filter((number) => labels[number % 100] === 3);
    assert.ok(rare.some((number) => number >= 100));
    const each = [98, 99].map((image) => rare.filter((number) => number % 100 === image).length);
    assert.ok(Math.abs(each[0]! - each[1]!) <= 1, `${each}`);
  });

  it('takes another part of a large class in each epoch, the same in the same', () => {
    const large = (epoch: number): Set<number> =>
      new Set([...balancedOrder(labels, epoch, 7)].filter((number) => labels[number % 100] === 0));
    const [first, second] = [large(0), large(1)];
    assert.ok([...second].filter((number) => !first.has(number)).length > 10);
    assert.deepEqual(balancedOrder(labels, 3, 7), balancedOrder(labels, 3, 7));
    assert.notDeepEqual(balancedOrder(labels, 3, 7), balancedOrder(labels, 3, 8));
  });

  it('is what a loader takes, of part of the images in memory, too', async () => {
    const whole = tinyDataset('train', 60);
    const count = 40;
    const part = {
      ...whole,
      count,
      labels: Int32Array.from({ length: count }, (_, i) => (i < 36 ? 0 : 1)),
    };
    const loading = { batchSize: 10, imageSize: TINY_SIZE, training: { seed: 3, balanced: true } };
    const loader = new Loader(part, loading);
    try {
      const counts = [0, 0];
      const seen = new Set<string>();
      for await (const { images, labels: own } of loader.epoch(0)) {
        for (const label of own) counts[label]!++;
        const length = images.length / 10;
        own.forEach((label, n) => {
          if (label === 1) seen.add(images.slice(n * length, (n + 1) * length).join());
        });
      }
      assert.deepEqual(counts, [20, 20]);
      // Four images, five times each, cropped and mirrored anew.
      assert.ok(seen.size > 12, `${seen.size} different images`);
    } finally {
      await loader.close();
    }
  });
});

it('PixelBatches of a part of the images in memory are balanced as those of a loader', async () => {
  const labels = Int32Array.from({ length: 40 }, (_, i) => (i < 36 ? 0 : 1));
  const part = { ...tinyDataset('train', 60), count: 40, labels };
  const loading = { batchSize: 10, imageSize: TINY_SIZE, training: { seed: 3, balanced: true } };
  const imagesOf = async (batches: AsyncIterable<Batch>): Promise<Float32Array[]> => {
    const found: Float32Array[] = [];
    for await (const { images } of batches) found.push(images);
    return found;
  };
  const loader = new Loader(part, loading);
  try {
    const expected = await imagesOf(loader.epoch(0));
    assert.deepEqual(await imagesOf(new PixelBatches(part, loading).epoch(0)), expected);
  } finally {
    await loader.close();
  }
});
