/** Batches of bytes stand for the values of the batches of numbers, to the bit. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Batch, ByteBatch } from '../../src/data/batch.js';
import { ImageStore } from '../../src/data/cache/imageStore.js';
import type { Dataset } from '../../src/data/dataset.js';
import { imageFolder } from '../../src/data/folders/imageFolder.js';
import { Loader, type LoaderOptions } from '../../src/data/loader.js';
import { syntheticDataset } from '../../src/data/synthetic.js';
import { imagesOfBytes } from '../../src/engines/imageBytes.js';
import { drawnImage } from '../cli/fixtures/images.js';
import { temporaryFolder } from './support/folder.js';

const { train } = syntheticDataset({ train: 50, test: 0 });
const BATCH = 20;
const FILES = 45;

type TrainingOptions = Omit<LoaderOptions, 'batchSize' | 'imageSize'>;

async function collect<B extends Batch | ByteBatch>(batches: AsyncIterable<B>): Promise<B[]> {
  const all: B[] = [];
  for await (const batch of batches) all.push(batch);
  return all;
}

/** Compares two epochs, one of them from the second step on. */
async function compare(
  t: TestContext,
  dataset: Dataset,
  imageSize: number,
  options: TrainingOptions,
): Promise<void> {
  const loader = new Loader(dataset, { batchSize: BATCH, imageSize, ...options });
  t.after(() => loader.close());
  for (const [epoch, start] of [
    [0, 0],
    [1, 1],
  ] as const) {
    const numbers = await collect(loader.epoch(epoch, start));
    const bytes = await collect(loader.byteEpoch!(epoch, start));
    assert.equal(bytes.length, numbers.length);
    for (const [step, { images, labels, count }] of numbers.entries()) {
      const { images: packed, ...rest } = bytes[step]!;
      assert.deepEqual(rest, { labels, count });
      assert.ok(packed.pixels instanceof Uint8Array && packed.pixels.length === images.length);
      // What fills up the last batch of an evaluation is black in one, and 0 after normalisation in the other.
      const real = (count * images.length) / BATCH;
      assert.deepEqual(imagesOfBytes(packed).subarray(0, real), images.subarray(0, real));
    }
  }
}

const CASES: readonly (readonly [what: string, options: TrainingOptions])[] = [
  ['cropped and mirrored', { training: { seed: 3 } }],
  ['mirrored always', { training: { seed: 3, transforms: { padding: 0, horizontalFlip: 1 } } }],
  ['far outside', { training: { seed: 4, transforms: { padding: 40, horizontalFlip: 0.5 } } }],
  [
    'changed byte by byte',
    {
      training: {
        seed: 5,
        transforms: { verticalFlip: 0.5, greyscale: 0.3, blur: 0.3, autoAugment: { kind: 'ta_wide' } },
      },
    },
  ],
  ['grey', { channels: 1, training: { seed: 6 } }],
  ['grey and turned over', { channels: 1, training: { seed: 6, transforms: { verticalFlip: 0.5 } } }],
  ['of balanced classes, by two workers', { workers: 2, training: { seed: 7, balanced: true } }],
  ['of one rank of two', { part: { rank: 1, size: 2 }, training: { seed: 8 } }],
  ['in evaluation', {}],
];

describe('images in memory as bytes', () => {
  for (const [what, options] of CASES) it(`are the same, ${what}`, (t) => compare(t, train, 32, options));
});

describe('images in files as bytes', () => {
  async function folderOf(t: TestContext): Promise<string> {
    const folder = temporaryFolder(t);
    for (const name of ['a', 'b']) mkdirSync(join(folder, name));
    for (let i = 0; i < FILES; i++)
      writeFileSync(join(folder, i < 20 ? 'a' : 'b', `${i}.png`), await drawnImage(i % 2, i));
    return folder;
  }

  for (const [what, options] of CASES)
    it(`are the same, ${what}`, async (t) => compare(t, imageFolder(await folderOf(t)), 16, options));

  it('are kept decoded', async (t) => {
    const dataset = imageFolder(await folderOf(t));
    const store = new ImageStore({ place: 'ram', folder: temporaryFolder(t) });
    t.after(() => store.close());
    let kept = 0;
    const loader = new Loader(dataset, {
      ...{ batchSize: 15, imageSize: 16, training: { seed: 1 }, store },
      onKept: (images) => {
        kept = images;
      },
    });
    t.after(() => loader.close());
    const first = await collect(loader.byteEpoch!(0));
    assert.equal(kept, FILES);
    assert.deepEqual(await collect(loader.byteEpoch!(0)), first);
  });
});

describe('batches are not bytes', () => {
  for (const [what, options] of [
    ['where images are mixed', { training: { seed: 1, mixing: { mixup: 0.2 } } }],
    ['where parts are erased', { training: { seed: 1, transforms: { erase: 0.1 } } }],
  ] as const)
    it(what, (t) => {
      const loader = new Loader(train, { batchSize: BATCH, imageSize: 32, ...options });
      t.after(() => loader.close());
      assert.equal(loader.byteEpoch, undefined);
    });
});
