/** Decoded images that are kept between epochs. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Batch } from '../../src/data/batch.js';
import type { CachePlace } from '../../src/data/cache/cachePlace.js';
import { freeMemory } from '../../src/data/cache/freeMemory.js';
import { ImageStore } from '../../src/data/cache/imageStore.js';
import { keepImage } from '../../src/data/cache/keptImage.js';
import { imageFolder } from '../../src/data/folders/imageFolder.js';
import { Loader, type LoaderOptions } from '../../src/data/loader.js';
import { drawnImage } from '../cli/fixtures/images.js';
import { temporaryFolder } from './support/folder.js';

const COUNT = 12;
const TRAINING = { seed: 1, transforms: { colourJitter: { strength: 0.4, hue: 0.1 } } } as const;

/** Two classes of images of several sizes. */
async function drawnFolder(t: TestContext): Promise<string> {
  const folder = temporaryFolder(t);
  for (const name of ['a', 'b']) mkdirSync(join(folder, name));
  for (let i = 0; i < COUNT; i++)
    writeFileSync(join(folder, i < 6 ? 'a' : 'b', `${i}.png`), await drawnImage(i % 2, i));
  return folder;
}

/** The batches of three epochs; `afterFirst` is called when one is through. */
async function threeEpochs(
  t: TestContext,
  folder: string,
  options: Partial<LoaderOptions>,
  afterFirst?: () => void,
): Promise<Batch[]> {
  const loader = new Loader(imageFolder(folder), { batchSize: 6, imageSize: 16, ...options });
  t.after(() => loader.close());
  const batches: Batch[] = [];
  for (let epoch = 0; epoch < 3; epoch++) {
    for await (const batch of loader.epoch(epoch)) batches.push(batch);
    if (epoch === 0) afterFirst?.();
  }
  return batches;
}

function storeFor(t: TestContext, place: CachePlace, most?: number): ImageStore {
  const store = new ImageStore({ place, most, folder: temporaryFolder(t) });
  t.after(() => store.close());
  return store;
}

const CASES: readonly (readonly [what: string, options: Partial<LoaderOptions>])[] = [
  ['training, with two workers', { training: TRAINING, workers: 2 }],
  ['grey', { training: TRAINING, channels: 1 }],
  ['evaluation', {}],
];

for (const place of ['ram', 'disk'] as const)
  for (const [what, options] of CASES)
    test(`${what}, from ${place}: the same batches, and the files are needed in the first epoch alone`, async (t) => {
      const folder = await drawnFolder(t);
      const expected = await threeEpochs(t, folder, options);
      const store = storeFor(t, place);
      const told: number[] = [];
      const found = await threeEpochs(
        t,
        folder,
        { ...options, store, onKept: (images) => told.push(images) },
        () => {
          for (const name of ['a', 'b']) rmSync(join(folder, name), { recursive: true });
        },
      );
      assert.deepEqual(found, expected);
      assert.deepEqual([told, store.isFull], [[COUNT], false]);
    });

for (const place of ['ram', 'disk'] as const)
  test(`what does not fit in ${place} is decoded each time`, async (t) => {
    const folder = await drawnFolder(t);
    const most = 20_000;
    const store = storeFor(t, place, most);
    const told: number[] = [];
    const options = { training: TRAINING, store, onKept: (images: number) => told.push(images) };
    assert.deepEqual(
      await threeEpochs(t, folder, options),
      await threeEpochs(t, folder, { training: TRAINING }),
    );
    assert.ok(store.isFull && store.bytes <= most && store.bytes > most / 2, `${store.bytes} bytes`);
    assert.ok(told.length === 1 && told[0]! > 0 && told[0]! < COUNT, `${told}`);
    const again = threeEpochs(t, folder, options, () => rmSync(join(folder, 'a'), { recursive: true }));
    await assert.rejects(again, /\.png cannot be read/);
  });

test('the file on disk has no name, so that nothing is left of it', (t) => {
  const folder = temporaryFolder(t);
  const store = new ImageStore({ place: 'disk', folder });
  t.after(() => store.close());
  assert.deepEqual(readdirSync(folder), []);
});

test('a store that is closed twice closes no other file, and keeps nothing any more', async (t) => {
  const folder = temporaryFolder(t);
  const store = new ImageStore({ place: 'disk', folder, most: 1e6 });
  const image = { data: new Uint8Array(300), width: 10, height: 10 };
  await store.close();
  // It gets the number that the store's file had.
  const other = openSync(join(folder, 'other'), 'w');
  t.after(() => closeSync(other));
  await store.close();
  assert.equal(await keepImage(store.handle, image), undefined);
  writeSync(other, 'mine');
  assert.equal(readFileSync(join(folder, 'other'), 'utf8'), 'mine');
});

test('a folder in /proc is refused, and not tried for ever', {
  skip: !existsSync('/proc/self') && 'needs /proc',
}, () => {
  const url = new URL('../../src/data/cache/imageStore.js', import.meta.url).href;
  const script = `const { ImageStore } = await import(${JSON.stringify(url)}); new ImageStore({ place: 'disk' });`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    ...{ encoding: 'utf8', timeout: 120_000, env: { ...process.env, XDG_CACHE_HOME: '/proc/x' } },
  });
  assert.match(stderr, /decoded images cannot be kept in \/proc\/x\/biasloss\/decoded: (ENOENT|EACCES)/);
  assert.equal(status, 1);
});

test('a folder that cannot be made is named', () => {
  const make = (): ImageStore => new ImageStore({ place: 'disk', folder: '/dev/null/decoded' });
  assert.throws(make, /^UserError: decoded images cannot be kept in \/dev\/null\/decoded: /);
});

test('by default half of what is free may be taken, divided among the ranks of a machine', (t) => {
  const [whole, half] = [1, 2].map((sharers) => new ImageStore({ place: 'ram', sharers }).handle.most);
  assert.ok(whole! > 0 && whole! < freeMemory());
  assert.ok(half! > 0.3 * whole! && half! < 0.7 * whole!, `${half} of ${whole}`);
  assert.ok(storeFor(t, 'disk').handle.most > 0);
});

const skip = existsSync('/dev/full') ? false : 'needs /dev/full';
test('on a full disk images are no longer kept', { skip }, async (t) => {
  const file = openSync('/dev/full', 'r+');
  t.after(() => closeSync(file));
  const store = storeFor(t, 'disk', 1e6);
  const image = { data: new Uint8Array(300), width: 10, height: 10 };
  assert.ok(await keepImage(store.handle, image));
  assert.equal(await keepImage({ ...store.handle, file }, image), undefined);
  assert.equal(await keepImage(store.handle, image), undefined);
  assert.deepEqual([store.bytes, store.isFull], [300, true]);
});
