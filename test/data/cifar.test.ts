import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadCifar } from '../../src/data/cifar/cifar.js';
import { SettingError, UserError } from '../../src/errors.js';
import { binaryRecords, PYTHON_CIFAR100, tarball } from './support/cifar.js';
import { temporaryFolder } from './support/folder.js';

/** A small CIFAR-100: three training images and one for testing. */
const TRAIN = binaryRecords([
  [0, 5],
  [19, 99],
  [3, 0],
]);
const TEST = binaryRecords([[1, 42]]);

function cifar100Folder(t: TestContext, files: Record<string, Uint8Array | string>, under = ''): string {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, under), { recursive: true });
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, under, name), bytes);
  return folder;
}

const rejects = (promise: Promise<unknown>, ...patterns: RegExp[]): Promise<void> =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof UserError);
    for (const pattern of patterns) assert.match(error.message, pattern);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });

test('the binary layout: fine labels, planes of pixels in shared memory, names from the file', async (t) => {
  const names = Array.from({ length: 100 }, (_, i) => `name${i}`).join('\n');
  const files = { 'train.bin': TRAIN, 'test.bin': TEST, 'fine_label_names.txt': `${names}\n` };
  for (const under of ['', 'cifar-100-binary']) {
    const { train, test } = await loadCifar('cifar100', cifar100Folder(t, files, under));
    assert.equal(train.count, 3);
    assert.deepEqual([...train.labels], [5, 99, 0]);
    assert.equal(train.classes[99], 'name99');
    assert.ok(train.pixels.buffer instanceof SharedArrayBuffer);
    const values = [0, 1, 2].map((i) => [0, 1, 2].map((c) => train.pixels[(i * 3 + c) * 1024 + 1023]));
    assert.deepEqual(values, [
      [0, 1, 2],
      [10, 11, 12],
      [20, 21, 22],
    ]);
    assert.deepEqual([...test.labels], [42]);
  }
});

test('archives: given themselves, or lying in a folder', async (t) => {
  const files = { 'cifar-100-binary/test.bin': TEST, 'cifar-100-binary/train.bin': TRAIN };
  const folder = cifar100Folder(t, { 'cifar-100-binary.tar.gz': await tarball(files) });
  for (const path of [folder, join(folder, 'cifar-100-binary.tar.gz')]) {
    const { train, test } = await loadCifar('cifar100', path);
    assert.deepEqual([...train.labels], [5, 99, 0]);
    assert.deepEqual([...test.labels], [42]);
    assert.equal(train.classes[0], 'apple');
    assert.equal(train.classes[99], 'worm');
  }
});

test('the Python layout, from a folder and an archive', async (t) => {
  const folder = cifar100Folder(t, { train: PYTHON_CIFAR100, test: PYTHON_CIFAR100 }, 'cifar-100-python');
  const files = { 'cifar-100-python/train': PYTHON_CIFAR100, 'cifar-100-python/test': PYTHON_CIFAR100 };
  const packed = cifar100Folder(t, { 'cifar-100-python.tar.gz': await tarball(files) });
  for (const path of [folder, packed]) {
    const { train, test } = await loadCifar('cifar100', path);
    assert.deepEqual([...train.labels], [3, 99]);
    assert.deepEqual([...new Set(train.pixels.subarray(0, 3072))], [7]);
    assert.deepEqual(
      [...train.pixels.subarray(3072)].filter((_, i) => i % 1024 === 5),
      [1, 2, 3],
    );
    assert.equal(test.count, 2);
    assert.equal(test.classes[3], 'bear');
  }
});

test('CIFAR-10 joins its five batches', async (t) => {
  const folder = temporaryFolder(t);
  for (let i = 1; i <= 5; i++) writeFileSync(join(folder, `data_batch_${i}.bin`), binaryRecords([[i], [0]]));
  writeFileSync(join(folder, 'test_batch.bin'), binaryRecords([[9]]));
  const { train, test } = await loadCifar('cifar10', folder);
  assert.deepEqual([...train.labels], [1, 0, 2, 0, 3, 0, 4, 0, 5, 0]);
  assert.equal(test.classes[9], 'truck');
});

test('folders and archives that are there instead are said, with what reads them', async (t) => {
  const folder = temporaryFolder(t);
  const instead = async (): Promise<string> => {
    const error = await loadCifar('cifar100', folder).catch((error: unknown) => error);
    assert.ok(error instanceof SettingError);
    return /with --download(.*)$/.exec(error.named((key) => `--${key}`).message)![1]!;
  };
  writeFileSync(join(folder, 'notes.txt'), '');
  assert.equal(await instead(), '');
  writeFileSync(join(folder, 'train-0.tar'), '');
  assert.equal(await instead(), ', or, for its .tar archives, give --data webdataset');
  mkdirSync(join(folder, 'cat'));
  assert.equal(await instead(), ', or, if its folders are classes, give --data imagefolder');
});

test('what is missing, truncated or foreign is one sentence that names the file', async (t) => {
  const empty = temporaryFolder(t);
  await rejects(loadCifar('cifar100', empty), /no CIFAR-100 at/, /dataPath/, /download/);
  await rejects(loadCifar('cifar100', join(empty, 'nowhere')), /no CIFAR-100 at .*nowhere/);
  await rejects(loadCifar('cifar100', cifar100Folder(t, { 'train.bin': TRAIN })), /test\.bin is missing/);
  const short = cifar100Folder(t, { 'train.bin': TRAIN.subarray(0, 5000), 'test.bin': TEST });
  await rejects(
    loadCifar('cifar100', short),
    /train\.bin is truncated/,
    /records of 3074 bytes/,
    /5000 bytes/,
  );
  const none = cifar100Folder(t, { 'train.bin': new Uint8Array(0), 'test.bin': TEST });
  await rejects(loadCifar('cifar100', none), /train\.bin is truncated/, /found 0 bytes/);
  const wrong = cifar100Folder(t, { 'train.bin': TRAIN, 'test.bin': binaryRecords([[1, 100]]) });
  await rejects(loadCifar('cifar100', wrong), /test\.bin: image 0 has the label 100, .* classes 0 to 99/);
});

test('a file with another number of images than the official one is noticed', async (t) => {
  const folder = cifar100Folder(t, { 'train.bin': TRAIN, 'test.bin': new Uint8Array(10_000 * 3074) });
  const notices: string[] = [];
  await loadCifar('cifar100', folder, { onNotice: (text) => notices.push(text) });
  assert.deepEqual(notices, [
    `${join(folder, 'train.bin')} is not the official file of CIFAR-100: expected 50000 images, found 3`,
  ]);
});

test('damaged and foreign archives', async (t) => {
  const files = { 'cifar-100-binary/test.bin': TEST, 'cifar-100-binary/train.bin': TRAIN };
  const whole = await tarball(files);
  const folder = cifar100Folder(t, {
    'short.tar.gz': whole.subarray(0, whole.length - 40),
    'text.tar.gz': 'no archive at all',
    'empty.tar.gz': '',
    'other.tar.gz': await tarball({ 'cifar-100-binary/train.bin': TRAIN, 'readme.txt': TEST }),
  });
  await rejects(loadCifar('cifar100', join(folder, 'short.tar.gz')), /short\.tar\.gz/, /archive/);
  await rejects(loadCifar('cifar100', join(folder, 'text.tar.gz')), /text\.tar\.gz/, /archive/);
  await rejects(loadCifar('cifar100', join(folder, 'empty.tar.gz')), /empty\.tar\.gz/);
  await rejects(loadCifar('cifar100', join(folder, 'other.tar.gz')), /is not CIFAR-100/, /train\.bin/);
});

test('foreign pickles', async (t) => {
  const load = (bytes: Uint8Array | string): Promise<unknown> =>
    loadCifar('cifar100', cifar100Folder(t, { train: bytes, test: PYTHON_CIFAR100 }));
  await rejects(load('nonsense'), /train/);
  await rejects(load(PYTHON_CIFAR100.subarray(0, 1000)), /train/);
  await rejects(
    load(Uint8Array.of(0x80, 2, 0x7d, 0x2e)),
    /train is not in the Python layout of CIFAR-100/,
    /'data'/,
  );
  await rejects(load(Uint8Array.of(0x80, 2, 0x5d, 0x2e)), /expected a dict/);
});
