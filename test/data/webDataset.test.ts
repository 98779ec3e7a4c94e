import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { olderWebDatasets } from '../../src/data/folders/olderRuns.js';
import { imageKey } from '../../src/data/folders/splits.js';
import { Loader } from '../../src/data/loader.js';
import { readWith } from '../../src/data/webdataset/localShard.js';
import { findShards } from '../../src/data/webdataset/shards.js';
import { readTar, type TarMember } from '../../src/data/webdataset/tarIndex.js';
import { webDataset } from '../../src/data/webdataset/webDataset.js';
import { loadWebDatasets } from '../../src/data/webdataset/webDatasetPair.js';
import { UserError } from '../../src/errors.js';
import { tar } from './support/cifar.js';
import { temporaryFolder } from './support/folder.js';
import { plainImage } from './support/images.js';

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

async function shard(t: TestContext, files: Record<string, Uint8Array>, name = 'a.tar'): Promise<string> {
  const path = join(temporaryFolder(t), name);
  writeFileSync(path, await tar(files));
  return path;
}

function indexTar(path: string): TarMember[] {
  const members: TarMember[] = [];
  const file = openSync(path, 'r');
  // biome-ignore lint/correctness/useYield: it reads nothing
  const visit = function* (member: TarMember) {
    members.push(member);
  };
  try {
    readWith(file, readTar(path, readFileSync(path).length, visit));
  } finally {
    closeSync(file);
  }
  return members;
}

const refused = (act: () => unknown, ...patterns: RegExp[]): Promise<void> =>
  assert.rejects(
    async () => act(),
    (error) => {
      assert.ok(error instanceof UserError, String(error));
      for (const pattern of patterns) assert.match(error.message, pattern);
      return true;
    },
  );

test('members of an archive: names of every length, contents at their offsets', async (t) => {
  const files = {
    short: text('one'),
    [`${'deep/'.repeat(30)}name.jpg`]: text('two'),
    [`${'x'.repeat(300)}.jpg`]: new Uint8Array(1500).fill(3),
    'größe.txt': text(''),
  };
  const path = await shard(t, files);
  const bytes = readFileSync(path);
  const members = indexTar(path);
  assert.deepEqual(
    members.map(({ name }) => name),
    Object.keys(files),
  );
  for (const { name, offset, length } of members)
    assert.deepEqual(new Uint8Array(bytes.subarray(offset, offset + length)), files[name]);
});

test('samples: images with .cls or .json labels, in the archives’ order', async (t) => {
  const paths = [
    await shard(t, {
      'x/0001.jpg': text('p'),
      'x/0001.cls': text('3\n'),
      'x/0001.txt': text('a caption'),
      'x/0000.json': text('{"label": 1}'),
      'x/0000.PNG': text('pp'),
      readme: text('no sample'),
    }),
    await shard(t, { '0001.cls': text('0'), '0001.webp': text('ppp') }),
  ];
  const dataset = await webDataset(paths);
  assert.equal(dataset.count, 3);
  assert.deepEqual([...dataset.labels], [3, 1, 0]);
  assert.deepEqual(dataset.classes, ['class 0', 'class 1', 'class 2', 'class 3']);
  const sources = [0, 1, 2].map((i) => dataset.source(i));
  assert.deepEqual(
    sources.map(({ path }) => path),
    [paths[0], paths[0], paths[1]],
  );
  assert.deepEqual(
    sources.map(({ member }) => member?.length),
    [1, 2, 3],
  );
});

test('the loader reads images out of archives', async (t) => {
  const files: Record<string, Uint8Array> = {};
  for (let i = 0; i < 6; i++) {
    files[`${i}.png`] = await plainImage('png', [40 * i, 0, 0], 20);
    files[`${i}.cls`] = text(String(i % 2));
  }
  files['6.png'] = text('damaged');
  files['6.cls'] = text('0');
  const dataset = await webDataset([await shard(t, files)]);
  const loader = new Loader(dataset, { batchSize: 3, imageSize: 16 });
  t.after(() => loader.close());
  const reds: number[] = [];
  const batches = loader.epoch(0);
  for (let step = 0; step < 2; step++) {
    const { value } = await batches.next();
    for (let n = 0; n < 3; n++) reds.push(Math.round((value!.images[n * 3 * 256]! * 0.229 + 0.485) * 255));
  }
  assert.deepEqual(reds.map(Math.abs), [0, 40, 80, 120, 160, 200]);
  await assert.rejects(batches.next(), /6\.png in .*a\.tar is not an image/);
});

test('samples without image or label, and labels that are none', async (t) => {
  const make = async (files: Record<string, Uint8Array>): Promise<() => unknown> => {
    const path = await shard(t, files);
    return () => webDataset([path]);
  };
  await refused(await make({ 'x.cls': text('0') }), /x in .*a\.tar has no image/);
  await refused(await make({ 'x.jpg': text('p') }), /x in .*a\.tar has no label/);
  for (const label of ['', 'cat', '-1', '1.5', '99999999999'])
    await refused(
      await make({ 'x.jpg': text('p'), 'x.cls': text(label) }),
      /x\.cls in .*a\.tar is not a label/,
    );
  for (const label of ['', '{}', '{"label": "cat"}', '[]', 'null'])
    await refused(await make({ 'x.jpg': text('p'), 'x.json': text(label) }), /x\.json in .* is not a label/);
  const path = await shard(t, { 'x.jpg': text('p'), 'x.cls': text('2') });
  await refused(
    () => webDataset([path], { classes: ['a', 'b'] }),
    /have the label 2, but there are 2 classes/,
  );
});

test('of several images in a sample the one without further words is the photograph; two of a kind are refused', async (t) => {
  const photographs = { '0.cls': text('0'), '0.jpg': text('p'), '0.seg.png': text('mask') };
  const orders = [Object.entries(photographs), Object.entries(photographs).reverse()];
  for (const files of orders) {
    const dataset = await webDataset([await shard(t, Object.fromEntries(files))]);
    assert.deepEqual([dataset.count, dataset.source(0).member?.name], [1, '0.jpg']);
  }
  const only = await webDataset([await shard(t, { '0.rgb.jpg': text('p'), '0.cls': text('0') })]);
  assert.equal(only.source(0).member?.name, '0.rgb.jpg');
  for (const [one, other] of [
    ['0.jpg', '0.png'],
    ['0.left.png', '0.right.png'],
  ] as const) {
    const path = await shard(t, { [`x/${one}`]: text('p'), 'x/0.cls': text('0'), [`x/${other}`]: text('p') });
    await refused(
      () => webDataset([path]),
      new RegExp(`x/0 in .*a\\.tar has two images, ${one} and ${other}: expected one`),
    );
  }
});

test('samples of the same name in archives that were joined are all there, each with its own label', async (t) => {
  const half = async (labels: readonly number[]): Promise<Buffer> => {
    const files = labels.map((label, i) => [
      [`${i}.jpg`, text(`image ${label}`)],
      [`${i}.cls`, text(String(label))],
    ]);
    return tar(Object.fromEntries(files.flat()));
  };
  const folder = temporaryFolder(t);
  const path = join(folder, 'a.tar');
  const first = (await half([0, 1, 2])).subarray(0, -1024);
  writeFileSync(path, Buffer.concat([first, await half([3, 4, 5])]));
  const dataset = await webDataset([path]);
  assert.deepEqual([...dataset.labels], [0, 1, 2, 3, 4, 5]);
  const bytes = readFileSync(path);
  for (const [i, label] of dataset.labels.entries()) {
    const { offset, length } = dataset.source(i).member!;
    assert.equal(bytes.toString('utf8', offset, offset + length), `image ${label}`);
  }
  const keys = Array.from(dataset.labels, (_, i) => imageKey(dataset.source(i), folder));
  assert.deepEqual(keys.slice(2), ['a.tar/2.jpg', 'a.tar/0.jpg (2)', 'a.tar/1.jpg (2)', 'a.tar/2.jpg (2)']);
  // Version 0.1.0 took the last ones, and its runs keep what they trained on.
  const older = await olderWebDatasets(path);
  assert.deepEqual([...older.train.labels, ...older.test.labels].sort(), [3, 4, 5]);
  writeFileSync(path, Buffer.concat([first, await tar({ '1.cls': text('0') })]));
  await refused(() => webDataset([path]), /^1, which is there 2 times, in .*a\.tar has no image/);
});

test('archives that are missing, truncated, compressed or none', async (t) => {
  const path = await shard(t, { 'x.jpg': new Uint8Array(5000), 'x.cls': text('0') });
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'z.tar'), gzipSync(readFileSync(path)));
  writeFileSync(join(folder, 'e.tar'), '');
  await refused(() => webDataset([join(folder, 'none.tar')]), /there is no archive .*none\.tar/);
  await refused(() => webDataset([join(folder, 'z.tar')]), /z\.tar is (truncated or )?not a \.tar/);
  await refused(() => webDataset([join(folder, 'e.tar')]), /e\.tar is truncated/);
  truncateSync(path, 3000);
  await refused(() => webDataset([path]), /a\.tar is truncated: a file in it goes beyond its 3000 bytes/);
});

test('hostile archives: any change of a byte gives an index or a sentence', async (t) => {
  const whole = await tar({ [`${'n'.repeat(150)}.jpg`]: text('p'), 'y.cls': text('1') });
  const path = join(temporaryFolder(t), 'h.tar');
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
      const bytes = Buffer.from(whole);
      bytes[at] = byte;
      writeFileSync(path, bytes);
      try {
        assert.ok(indexTar(path).every(({ offset, length }) => offset + length <= bytes.length));
      } catch (error) {
        assert.ok(error instanceof UserError, String(error));
      }
    }),
    { numRuns: 300 },
  );
});

test('folders of archives', async (t) => {
  const folder = temporaryFolder(t);
  await refused(() => findShards(folder), /has no \.tar archives/);
  for (const name of ['b.tar', 'a.TAR', 'c.txt']) writeFileSync(join(folder, name), '');
  assert.deepEqual(findShards(folder), [join(folder, 'a.TAR'), join(folder, 'b.tar')]);
});

test('parts: folders, archives’ names, or a share held out', async (t) => {
  const sample = await tar({
    'x.jpg': text('p'),
    'x.cls': text('1'),
    'y.jpg': text('p'),
    'y.cls': text('0'),
  });
  const named = temporaryFolder(t);
  for (const name of ['train-0.tar', 'train-1.tar', 'val-0.tar', 'trainer.tar'])
    writeFileSync(join(named, name), sample);
  const foldered = temporaryFolder(t);
  for (const [part, name] of [
    ['train', '0.tar'],
    ['train', '1.tar'],
    ['validation', '0.tar'],
  ] as const) {
    mkdirSync(join(foldered, part), { recursive: true });
    writeFileSync(join(foldered, part, name), sample);
  }
  for (const place of [named, foldered]) {
    const { train, test } = await loadWebDatasets(place, { classes: ['cat', 'dog'] });
    assert.deepEqual([train.count, test.count], [4, 2]);
    assert.deepEqual(test.classes, ['cat', 'dog']);
  }
  assert.deepEqual(
    (await loadWebDatasets(named)).summary.leftOut.map(({ path }) => path),
    [join(named, 'trainer.tar')],
  );
  const pattern = join(named, 'train-{0..1}.tar');
  const { train, test } = await loadWebDatasets(pattern, { valShare: 0.5, splitSeed: 1 });
  assert.equal(train.count + test.count, 4);
  assert.ok(test.count > 0 && train.count > 0);
  assert.equal((await loadWebDatasets(join(named, 'val-0.tar'), { splitBy: 'none' })).test.count, 2);
});

test('archives’ names tell parts in any case, with words before and numbers after; they are never merged', async (t) => {
  const files = (n: number): Record<string, Uint8Array> =>
    Object.fromEntries(
      Array.from({ length: n }, (_, i) => [
        [`${i}.jpg`, text('p')],
        [`${i}.cls`, text(String(i % 2))],
      ]).flat() as [string, Uint8Array][],
    );
  for (const [train, val] of [
    ['train_000', 'val_000'],
    ['train000', 'val000'],
    ['imagenet1k-train-0000', 'imagenet1k-validation-0000'],
    ['Train-0', 'Test-0'],
  ] as const) {
    const folder = temporaryFolder(t);
    mkdirSync(join(folder, 'shards'));
    writeFileSync(join(folder, 'shards', `${train}.tar`), await tar(files(5)));
    writeFileSync(join(folder, 'shards', `${val}.tar`), await tar(files(3)));
    // Also below a folder that holds nothing else.
    const { train: training, test: testing, summary } = await loadWebDatasets(folder);
    assert.deepEqual([training.count, testing.count, summary.heldOut], [5, 3, undefined], train);
  }
  const unclear = temporaryFolder(t);
  for (const name of ['train-0.tar', 'extra.tar']) writeFileSync(join(unclear, name), await tar(files(2)));
  await refused(
    () => loadWebDatasets(unclear),
    /train-0\.tar, which looks like the part for train, beside extra\.tar/,
  );
});

test('files that macOS leaves in archives are no samples', async (t) => {
  const sample = { 'a.jpg': text('p'), 'a.cls': text('0') };
  const path = await shard(t, {
    './._a.jpg': text('m'),
    '__MACOSX/._a.jpg': text('m'),
    '__MACOSX/b.jpg': text('m'),
    ...Object.fromEntries(Object.entries(sample).map(([name, bytes]) => [`./x/${name}`, bytes])),
  });
  assert.equal((await webDataset([path])).count, 1);
});
