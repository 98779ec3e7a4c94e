/** The loader and the preflight over folders of real, small images. */
import assert from 'node:assert/strict';
import { mkdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Batch } from '../../src/data/batch.js';
import { checkData } from '../../src/data/check/checkData.js';
import { imageFolder } from '../../src/data/folders/imageFolder.js';
import { readImages } from '../../src/data/images/readImages.js';
import { Loader, type LoaderOptions } from '../../src/data/loader.js';
import { UserError } from '../../src/errors.js';
import { temporaryFolder } from './support/folder.js';
import { plainImage } from './support/images.js';

const SIZE = 16;
const COUNT = 20;

/** Two classes of ten images each; image i is grey of 10·i. */
async function greyFolder(t: TestContext): Promise<string> {
  const folder = temporaryFolder(t);
  for (const name of ['a', 'b']) mkdirSync(join(folder, name));
  for (let i = 0; i < COUNT; i++) {
    const bytes = await plainImage('png', [10 * i, 10 * i, 10 * i], 20 + i, 30 - i);
    writeFileSync(join(folder, i < 10 ? 'a' : 'b', `${String(i).padStart(2, '0')}.png`), bytes);
  }
  return folder;
}

async function collect(
  t: TestContext,
  folder: string,
  options: Partial<LoaderOptions> = {},
): Promise<Batch[]> {
  const loader = new Loader(imageFolder(folder), { batchSize: 18, imageSize: SIZE, ...options });
  t.after(() => loader.close());
  const batches: Batch[] = [];
  for await (const batch of loader.epoch(0)) batches.push(batch);
  return batches;
}

/** The byte that image n of a batch is made of, from its red channel. */
function greyOf({ images }: Batch, n: number): number {
  return Math.abs(Math.round((images[n * 3 * SIZE * SIZE]! * 0.229 + 0.485) * 255));
}

test('evaluation: every image in its place, whatever the number of workers; zeros after the last', async (t) => {
  const folder = await greyFolder(t);
  for (const workers of [1, 2]) {
    const [first, last] = await collect(t, folder, { workers });
    assert.deepEqual([first!.count, last!.count], [18, 2]);
    assert.deepEqual(
      Array.from({ length: 18 }, (_, n) => greyOf(first!, n)),
      Array.from({ length: 18 }, (_, n) => 10 * n),
    );
    assert.deepEqual([...first!.labels], [...Array(10).fill(0), ...Array(8).fill(1)]);
    assert.deepEqual([greyOf(last!, 0), greyOf(last!, 1)], [180, 190]);
    assert.equal(last!.images.length, 18 * 3 * SIZE * SIZE);
    assert.ok(last!.images.subarray(2 * 3 * SIZE * SIZE).every((x) => x === 0));
  }
});

test('single images are read as evaluation reads them', async (t) => {
  const folder = await greyFolder(t);
  const [first] = await collect(t, folder);
  const paths = ['a/03.png', 'b/12.png'].map((path) => join(folder, path));
  const images = await readImages(paths, { imageSize: SIZE });
  const length = 3 * SIZE * SIZE;
  assert.deepEqual(images.subarray(0, length), first!.images.subarray(3 * length, 4 * length));
  assert.deepEqual(images.subarray(length), first!.images.subarray(12 * length, 13 * length));
  await assert.rejects(
    readImages([join(folder, 'none.png')], { imageSize: SIZE }),
    /none\.png cannot be read/,
  );
});

test('training: shuffled and varied by seed, epoch and index alone', async (t) => {
  const folder = await greyFolder(t);
  const training = {
    seed: 1,
    transforms: {
      colourJitter: { strength: 0.4, hue: 0.1 },
      autoAugment: { kind: 'ta_wide' },
      greyscale: 0.2,
      blur: 0.5,
      erase: 0.5,
      verticalFlip: 0.5,
    },
  } as const;
  const batches = await collect(t, folder, { training, batchSize: 5 });
  assert.equal(batches.length, 4);
  assert.deepEqual(await collect(t, folder, { training, batchSize: 5, workers: 3 }), batches);
  const others = await collect(t, folder, { training: { ...training, seed: 2 }, batchSize: 5 });
  assert.notDeepEqual(others, batches);
  const plain = await collect(t, folder, { training: { seed: 1 }, batchSize: 5 });
  const greys = plain.flatMap((batch) => Array.from({ length: 5 }, (_, n) => greyOf(batch, n)));
  assert.deepEqual(
    greys.toSorted((a, b) => a - b),
    Array.from({ length: COUNT }, (_, i) => 10 * i),
  );
  assert.notDeepEqual(
    greys,
    greys.toSorted((a, b) => a - b),
  );
});

test('an unreadable image stops training and evaluation, and is named', async (t) => {
  const folder = await greyFolder(t);
  writeFileSync(join(folder, 'a', '05.png'), 'damaged');
  for (const training of [undefined, { seed: 1 }]) {
    await assert.rejects(collect(t, folder, { training }), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /a.05\.png is not an image that can be read/);
      return true;
    });
  }
});

test('an image that vanishes after it was listed is named', async (t) => {
  const folder = await greyFolder(t);
  const dataset = imageFolder(folder);
  unlinkSync(join(folder, 'b', '12.png'));
  const loader = new Loader(dataset, { batchSize: 20, imageSize: SIZE });
  t.after(() => loader.close());
  await assert.rejects(loader.epoch(0).next(), /12\.png cannot be read/);
});

test('the preflight lists what training would stop at, and counts the rest', async (t) => {
  const folder = await greyFolder(t);
  mkdirSync(join(folder, 'c'));
  writeFileSync(join(folder, 'a', '03.png'), '');
  writeFileSync(join(folder, 'b', '14.jpg'), 'no image');
  writeFileSync(join(folder, 'b', 'old.bmp'), 'BM');
  const whole = await plainImage('jpeg', [1, 2, 3], 64);
  writeFileSync(join(folder, 'b', '15.jpg'), whole.subarray(0, whole.length - 20));
  const progress: number[] = [];
  const { parts, stops, unusable } = await checkData(folder, { onProgress: (done) => progress.push(done) });
  assert.equal(parts.length, 1);
  const [report] = parts;
  assert.deepEqual(report!.classes, [
    { name: 'a', count: 9 },
    { name: 'b', count: 10 },
    { name: 'c', count: 0 },
  ]);
  assert.deepEqual(report!.empty, ['a/03.png']);
  assert.deepEqual(
    report!.unreadable.map(({ path }) => path),
    ['b/14.jpg', 'b/15.jpg'],
  );
  assert.match(report!.unreadable[1]!.reason, /15\.jpg cannot be decoded as JPEG/);
  assert.deepEqual(report!.foreign, [{ path: 'b/old.bmp', format: 'BMP' }]);
  assert.deepEqual(stops, ['class c has no images: remove the folder']);
  assert.deepEqual(unusable, ['a/03.png', 'b/14.jpg', 'b/15.jpg', 'b/old.bmp']);
  assert.deepEqual(
    progress,
    Array.from({ length: 22 }, (_, i) => i + 1),
  );
});

test('the preflight goes through both parts', async (t) => {
  const folder = temporaryFolder(t);
  for (const part of ['train', 'val']) {
    mkdirSync(join(folder, part, 'a'), { recursive: true });
    writeFileSync(join(folder, part, 'a', '1.png'), await plainImage('png', [1, 2, 3]));
  }
  const { parts } = await checkData(folder);
  assert.deepEqual(
    parts.map((report) => report.folder),
    [join(folder, 'train'), join(folder, 'val')],
  );
});
