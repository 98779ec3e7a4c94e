import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadImageFolders } from '../../src/data/folders/imageFolderPair.js';
import { olderImageFolders } from '../../src/data/folders/olderRuns.js';
import { isHeldOut } from '../../src/data/folders/splits.js';
import { partNamed } from '../../src/data/parts/imageParts.js';
import { summaryLines } from '../../src/data/parts/summary.js';
import { temporaryFolder } from './support/folder.js';
import { addFiles, folderOf, paths, refused } from './support/imageFolders.js';

const SET = ['a', 'b', 'c'].flatMap((name) => Array.from({ length: 40 }, (_, i) => `${name}/${i}.jpg`));

test('an image’s part is a hash of the seed and its own path', (t) => {
  const folder = folderOf(t, SET);
  const { train, test } = loadImageFolders(folder, { splitSeed: 3, valShare: 0.25 });
  const held = SET.filter((path) => {
    const digest = createHash('sha256').update(`3\n${path}`).digest('hex');
    return Number.parseInt(digest.slice(0, 12), 16) / 2 ** 48 < 0.25;
  });
  assert.deepEqual(paths(test, folder), [...held].sort());
  assert.deepEqual([...paths(train, folder), ...held].sort(), [...SET].sort());
  assert.ok(held.length > 18 && held.length < 42, `${held.length} of 120`);
  assert.notDeepEqual(paths(loadImageFolders(folder, { splitSeed: 4, valShare: 0.25 }).test, folder), held);
});

test('nothing else moves it: files that come, go or are left out, the folder’s own name, a folder around it', (t) => {
  const folder = folderOf(t, SET);
  const before = new Set(paths(loadImageFolders(folder).test, folder));
  addFiles(folder, ['a/new.jpg', 'b/new.jpg', 'd/1.jpg', 'd/2.jpg']);
  rmSync(join(folder, 'a', '0.jpg'));
  writeFileSync(join(folder, 'list.txt'), 'c/1.jpg\n');
  const outer = join(temporaryFolder(t), 'other', 'name');
  mkdirSync(join(outer, '..'));
  cpSync(folder, outer, { recursive: true });
  for (const [place, root] of [
    [folder, folder],
    [join(outer, '..'), outer],
  ] as const) {
    const { train, test } = loadImageFolders(place, { excludeList: join(folder, 'list.txt') });
    for (const path of paths(train, root)) assert.ok(!before.has(path), path);
    for (const path of paths(test, root)) assert.ok(before.has(path) || /new|^d/.test(path), path);
  }
});

test('composed and decomposed names of a file have one part', () => {
  assert.equal(isHeldOut('\u00e9/1.jpg', 0.5, 0), isHeldOut('e\u0301/1.jpg'.normalize('NFC'), 0.5, 0));
});

test('classes without images in a part are named; a part without images is refused', (t) => {
  const folder = folderOf(t, [...SET, 'rare/0.jpg']);
  const { train, test, summary } = loadImageFolders(folder);
  const isHeld = paths(test, folder).includes('rare/0.jpg');
  assert.equal(paths(train, folder).includes('rare/0.jpg'), !isHeld);
  assert.deepEqual(summary.notes, [`class rare has no images ${isHeld ? 'to train on' : 'for validation'}`]);
  const small = folderOf(t, ['a/1.jpg', 'b/1.jpg']);
  refused(
    () => loadImageFolders(small, { valShare: 0.0001 }),
    /none of the 2 images is held out with valShare 0\.0001: give another valShare or splitSeed, or/,
  );
  refused(() => loadImageFolders(small, { valShare: 0.9999 }), /none of the 2 images is left to train on/);
});

test('train/, val/ and test/ are three parts; with two the second is for both', (t) => {
  const three = folderOf(t, ['train/a/1.jpg', 'train/b/2.jpg', 'val/a/3.jpg', 'test/b/4.jpg']);
  const parts = loadImageFolders(three);
  assert.deepEqual(
    (['train', 'val', 'test'] as const).map((part) => paths(partNamed(parts, part), three)),
    [['train/a/1.jpg', 'train/b/2.jpg'], ['val/a/3.jpg'], ['test/b/4.jpg']],
  );
  assert.deepEqual(summaryLines(parts.summary), [
    `${three}: 2 classes; 2 images to train on (train), 1 image for validation (val), 1 image for testing at the end (test)`,
    'class b has no images for validation',
  ]);
  const two = folderOf(t, ['train/a/1.jpg', 'train/b/2.jpg', 'test/a/3.jpg']);
  const { test: testing, final } = loadImageFolders(two);
  assert.deepEqual([paths(testing, two), final], [['test/a/3.jpg'], undefined]);
  const whole = folderOf(t, ['a/1.jpg', 'b/2.jpg']);
  assert.equal(loadImageFolders(whole, { splitBy: 'none' }).test.count, 2);
});

test('a share is held out of a training part that is alone', (t) => {
  const folder = folderOf(
    t,
    SET.map((path) => `train/${path}`),
  );
  const plain = folderOf(t, SET);
  assert.deepEqual(
    paths(loadImageFolders(folder).test, join(folder, 'train')),
    paths(loadImageFolders(plain).test, plain),
  );
});

test('runs of version 0.1.0 keep its files, classes and split', (t) => {
  const counted = (name: string, count: number): string[] =>
    Array.from({ length: count }, (_, i) => `${name}/${i}.jpg`);
  const folder = folderOf(t, [
    ...counted('a', 3),
    ...counted('b', 10),
    ...counted('Train', 7),
    ...counted('__MACOSX', 2),
    'a/.hid/h.png',
    'a/._y.jpg',
    'b/9.jfif',
  ]);
  const { train, test, summary } = olderImageFolders(folder, {});
  assert.deepEqual(test.classes, ['Train', '__MACOSX', 'a', 'b']);
  // What that version held out of the same files.
  assert.deepEqual(paths(test, folder), ['Train/5.jpg', '__MACOSX/1.jpg', 'a/1.jpg', 'b/3.jpg', 'b/7.jpg']);
  assert.equal(train.count, 19);
  assert.match(summary.notes[0]!, /older version/);
  writeFileSync(join(folder, 'list.txt'), 'b/3.jpg\n');
  const without = olderImageFolders(folder, { excludeList: join(folder, 'list.txt') });
  assert.deepEqual(paths(without.test, folder).slice(3), ['b/4.jpg', 'b/8.jpg']);
  renameSync(join(folder, 'b'), join(folder, 'bb'));
  assert.equal(olderImageFolders(folder, {}).test.count, 5);
});
