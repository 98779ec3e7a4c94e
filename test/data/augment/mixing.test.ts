/** Mixup and CutMix: what a batch becomes, and how its λ and box are drawn. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { BETA_DRAWS, betaNumber } from '../../../src/data/augment/beta.js';
import { cutBox, mixedClasses, mixImages, mixOf } from '../../../src/data/augment/mixing.js';
import type { Batch } from '../../../src/data/batch.js';
import { Loader } from '../../../src/data/loader.js';
import { PixelBatches } from '../../../src/data/pixelBatches.js';
import { syntheticDataset } from '../../../src/data/synthetic.js';
import { uniformSource } from '../../../src/random.js';

test('λ is of the distribution Beta(α, α)', () => {
  const random = uniformSource(1, 'test');
  for (const alpha of [0.1, 0.2, 0.4, 1, 3]) {
    const numbers = Array.from({ length: 4000 }, (_, i) =>
      betaNumber(alpha, (what) => {
        assert.ok(what < BETA_DRAWS);
        return random(i, what);
      }),
    );
    assert.ok(numbers.every((x) => x >= 0 && x <= 1));
    const mean = numbers.reduce((a, b) => a + b) / numbers.length;
    const variance = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length;
    const expected = 1 / (4 * (2 * alpha + 1));
    assert.ok(Math.abs(mean - 0.5) < 0.03, `α ${alpha}: mean ${mean}`);
    assert.ok(Math.abs(variance / expected - 1) < 0.08, `α ${alpha}: variance ${variance}, not ${expected}`);
  }
  const few = Array.from({ length: 1000 }, (_, i) => betaNumber(1e-3, (what) => random(i, what)));
  assert.ok(few.filter((x) => x < 1e-6 || x > 1 - 1e-6).length > 900);
  // Beta(0.5, 0.5) has the distribution function 2/π·asin(√x).
  const arcsine = Array.from({ length: 4000 }, (_, i) => betaNumber(0.5, (what) => random(i, what)));
  for (const x of [0.05, 0.2, 0.5, 0.9]) {
    const share = arcsine.filter((number) => number < x).length / arcsine.length;
    assert.ok(Math.abs(share - (2 / Math.PI) * Math.asin(Math.sqrt(x))) < 0.025, `${share} are below ${x}`);
  }
});

test('mixup: each image with the one before it, the first with the last', () => {
  const images = Float32Array.of(1, 2, 10, 20, 100, 200);
  mixImages(images, 3, 1, { kind: 'mixup', lambda: 0.75 });
  assert.deepEqual([...images], [25.75, 51.5, 7.75, 15.5, 77.5, 155]);
  const { targets, labels } = mixedClasses(Int32Array.of(0, 1, 1), 3, { kind: 'mixup', lambda: 0.75 });
  assert.deepEqual([...targets], [0.75, 0.25, 0, 0.25, 0.75, 0, 0, 1, 0]);
  assert.deepEqual([...labels], [0, 1, 1]);
  assert.deepEqual(
    [...mixedClasses(Int32Array.of(0, 1, 1), 3, { kind: 'mixup', lambda: 0.25 }).labels],
    [1, 0, 1],
  );
});

test('CutMix: a box of the image before, in every channel', () => {
  const plane = (value: number): number[] => Array(9).fill(value);
  const images = Float32Array.from([...plane(1), ...plane(2), ...plane(3), ...plane(4)]);
  const box = { left: 1, top: 0, width: 2, height: 1 };
  mixImages(images, 2, 3, { kind: 'cutmix', lambda: 7 / 9, box });
  assert.deepEqual([...images.subarray(0, 9)], [1, 3, 3, 1, 1, 1, 1, 1, 1]);
  assert.deepEqual([...images.subarray(9, 18)], [2, 4, 4, 2, 2, 2, 2, 2, 2]);
  assert.deepEqual([...images.subarray(18, 27)], [3, 1, 1, 3, 3, 3, 3, 3, 3]);
});

test('the box has the area 1 − λ, as far as it is in the image', () => {
  assert.deepEqual(cutBox(32, 0.75, [0.5, 0.5]), { left: 8, top: 8, width: 16, height: 16 });
  assert.deepEqual(cutBox(32, 0.75, [0, 0.99]), { left: 0, top: 23, width: 8, height: 9 });
  assert.deepEqual(cutBox(32, 1, [0.5, 0.5]), { left: 16, top: 16, width: 0, height: 0 });
  assert.deepEqual(cutBox(32, 0, [0.5, 0.5]), { left: 0, top: 0, width: 32, height: 32 });
});

test('the way, λ and box are of the batch, the epoch and the seed', () => {
  const mixing = { mixup: 0.2, cutmix: 1, epochs: 5 };
  const at = (epoch: number, step: number, seed = 1) => mixOf(mixing, seed, { epoch, step, size: 32 });
  assert.deepEqual(at(1, 2), at(1, 2));
  assert.notDeepEqual(at(1, 2), at(2, 2));
  assert.notDeepEqual(at(1, 2), at(1, 3));
  assert.notDeepEqual(at(1, 2), at(1, 2, 3));
  assert.equal(at(5, 0), undefined);
  const ways = Array.from({ length: 400 }, (_, step) => at(0, step)!);
  const cut = ways.filter(({ kind }) => kind === 'cutmix').length;
  assert.ok(Math.abs(cut - 200) < 50, `${cut} of 400 are cut`);
  for (const mix of ways)
    if (mix.kind === 'cutmix') assert.equal(mix.lambda, 1 - (mix.box.width * mix.box.height) / 1024);
  const only = (how: object): Set<string | undefined> =>
    new Set(Array.from({ length: 50 }, (_, step) => mixOf(how, 1, { epoch: 0, step, size: 32 })?.kind));
  assert.deepEqual([...only({ mixup: 1 })], ['mixup']);
  assert.deepEqual([...only({ cutmix: 1 })], ['cutmix']);
  assert.deepEqual([...only({})], [undefined]);
});

async function collect(batches: AsyncIterable<Batch>): Promise<Batch[]> {
  const all: Batch[] = [];
  for await (const batch of batches) all.push(batch);
  return all;
}

test('batches of a loader: mixed images, targets, the likelier labels; the same for any number of workers', async (t: TestContext) => {
  const { train } = syntheticDataset({ train: 40, test: 0 });
  const load = async (mixing: object | undefined, workers = 1, epoch = 0): Promise<Batch[]> => {
    const options = { batchSize: 8, imageSize: 32, workers, training: { seed: 5, mixing } };
    const loader = new Loader(train, options);
    t.after(() => loader.close());
    return collect(loader.epoch(epoch));
  };
  const mixing = { mixup: 0.4, cutmix: 1, epochs: 2 };
  const plain = await load(undefined);
  const mixed = await load(mixing);
  assert.deepEqual(await load(mixing, 3), mixed);
  const own = new PixelBatches(train, { batchSize: 8, training: { seed: 5, mixing } });
  assert.deepEqual(await collect(own.epoch(0)), mixed);
  for (const [step, batch] of mixed.entries()) {
    const mix = mixOf(mixing, 5, { epoch: 0, step, size: 32 })!;
    const images = plain[step]!.images.slice();
    mixImages(images, 8, 32, mix);
    assert.deepEqual(batch.images, images);
    assert.deepEqual(
      { ...batch, images },
      { images, count: 8, ...mixedClasses(plain[step]!.labels, 10, mix) },
    );
  }
  const later = await load(mixing, 1, 2);
  const plainLater = await load(undefined, 1, 2);
  assert.deepEqual(
    later.map(({ images }) => images),
    plainLater.map(({ images }) => images),
  );
  for (const { targets, labels } of later)
    labels.forEach((label, n) => {
      assert.deepEqual(targets!.subarray(10 * n, 10 * (n + 1)).indexOf(1), label);
    });
});
