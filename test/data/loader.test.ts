import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch } from '../../src/data/batch.js';
import { type Dataset, limited } from '../../src/data/dataset.js';
import { Loader, type LoaderOptions } from '../../src/data/loader.js';
import { syntheticDataset } from '../../src/data/synthetic.js';
import { UserError } from '../../src/errors.js';

const { train } = syntheticDataset({ train: 50, test: 0 });
const IMAGE = 3 * 32 * 32;

function loader(t: TestContext, options: Partial<LoaderOptions> = {}, dataset: Dataset = train): Loader {
  const made = new Loader(dataset, { batchSize: 8, imageSize: 32, ...options });
  t.after(() => made.close());
  return made;
}

async function collect(batches: AsyncIterable<Batch>): Promise<Batch[]> {
  const all: Batch[] = [];
  for await (const batch of batches) all.push(batch);
  return all;
}

test('evaluation goes through all in order; the last batch is padded with zeros', async (t) => {
  const evaluation = loader(t);
  assert.equal(evaluation.stepsPerEpoch, 7);
  const batches = await collect(evaluation.epoch(0));
  assert.deepEqual(
    batches.map(({ count }) => count),
    [8, 8, 8, 8, 8, 8, 2],
  );
  const labels = batches.flatMap((batch) => [...batch.labels.subarray(0, batch.count)]);
  assert.deepEqual(labels, [...train.labels]);
  const last = batches[6]!;
  assert.equal(last.images.length, 8 * IMAGE);
  assert.ok(last.images.subarray(2 * IMAGE).every((x) => x === 0));
  assert.deepEqual([...last.labels.subarray(2)], [0, 0, 0, 0, 0, 0]);
  const { mean, std } = train.normalisation;
  const expected = (train.pixels[8 * IMAGE]! / 255 - mean[0]!) / std[0]!;
  assert.equal(batches[1]!.images[0], Math.fround(expected));
});

test('training shuffles, leaves out the partial batch, and varies from epoch to epoch', async (t) => {
  const training = loader(t, { training: { seed: 5 } });
  const first = await collect(training.epoch(0));
  const second = await collect(training.epoch(1));
  assert.equal(training.stepsPerEpoch, 6);
  assert.equal(first.length, 6);
  assert.notDeepEqual(first[0]!.images, second[0]!.images);
  assert.deepEqual((await collect(training.epoch(0)))[3], first[3]);
});

test('any number of workers and of batches ahead gives the same; a resumed epoch goes on where it was', async (t) => {
  const transforms = {
    autoAugment: { kind: 'ra', operations: 2, magnitude: 9 },
    blur: 0.3,
    erase: 0.5,
  } as const;
  const training = { seed: 5, transforms };
  const expected = await collect(loader(t, { training }).epoch(2));
  assert.deepEqual(await collect(loader(t, { training, workers: 3, prefetch: 5 }).epoch(2)), expected);
  assert.deepEqual(await collect(loader(t, { training, prefetch: 0 }).epoch(2, 4)), expected.slice(4));
  assert.deepEqual(await collect(loader(t, { training }).epoch(2, 6)), []);
});

test('an epoch may be left early, and the next begins at once', async (t) => {
  const training = loader(t, { training: { seed: 5 } });
  for await (const batch of training.epoch(0)) {
    assert.equal(batch.count, 8);
    break;
  }
  assert.equal((await collect(training.epoch(1))).length, 6);
});

test('waiting is measured: none where batches are ready, all where they are not', async (t) => {
  const ahead = loader(t, { prefetch: 7 });
  const batches = ahead.epoch(0);
  await batches.next();
  const before = ahead.waitedMs;
  assert.ok(before > 0);
  await sleep(300);
  for (let i = 0; i < 6; i++) await batches.next();
  assert.ok(ahead.waitedMs - before < 100, `waited ${ahead.waitedMs - before} ms`);
});

test('what cannot work is refused', async (t) => {
  const training = { seed: 0 };
  const make = (options: Partial<LoaderOptions>, dataset: Dataset = train): (() => Loader) => {
    return () => loader(t, options, dataset);
  };
  assert.throws(make({ batchSize: 51, training }), (error) => {
    assert.ok(error instanceof UserError);
    assert.match(error.message, /a batch of 51 is larger than synthetic train with its 50 images/);
    return true;
  });
  assert.throws(make({ batchSize: 0 }), /1 or more images, not 0/);
  assert.throws(make({ imageSize: 224 }), /images of 32 pixels, but the model takes 224/);
  assert.throws(make({}, limited(train, 0)), /has no images/);
});

test('closing refuses what is under way', async () => {
  const made = new Loader(train, { batchSize: 8, imageSize: 32 });
  const pending = assert.rejects(made.epoch(0).next(), /closed/);
  await made.close();
  await pending;
  await assert.rejects(made.epoch(0).next(), /closed/);
});

test('closing is over when the threads are, also with answers on the way', async () => {
  const made = new Loader(train, { batchSize: 8, imageSize: 32 });
  const batches = made.epoch(0);
  await batches.next();
  // Nothing is read for a while, so that answers wait to be taken after close() has begun.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  await made.close();
});
