import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Dataset, type ImageDataset, limited } from '../../src/data/dataset.js';
import { parseClassMap } from '../../src/data/folders/classMap.js';
import { imageFolder } from '../../src/data/folders/imageFolder.js';
import { loadImageFolders } from '../../src/data/folders/imageFolderPair.js';
import { UserError } from '../../src/errors.js';
import { temporaryFolder } from './support/folder.js';

/** A folder with the given files; nothing is decoded here. */
function folderOf(t: TestContext, paths: readonly string[]): string {
  const folder = temporaryFolder(t);
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    if (!path.endsWith('/')) writeFileSync(join(folder, path), 'x');
    else mkdirSync(join(folder, path), { recursive: true });
  }
  return folder;
}

/** Paths from `folder` with their labels. */
function listed(dataset: Dataset, folder: string): [string, number][] {
  assert.equal(dataset.kind, 'images');
  const { source } = dataset as ImageDataset;
  return Array.from({ length: dataset.count }, (_, i) => [
    relative(folder, source(i).path),
    dataset.labels[i]!,
  ]);
}

const refused = (act: () => unknown, ...patterns: RegExp[]): void =>
  assert.throws(act, (error) => {
    assert.ok(error instanceof UserError, String(error));
    for (const pattern of patterns) assert.match(error.message, pattern);
    return true;
  });

test('classes are sorted folders, images sorted files, at any depth; other files don’t count', (t) => {
  const folder = folderOf(t, [
    'b/2.PNG',
    'b/1.jpg',
    'a/z.jpeg',
    'a/deep/er/y.webp',
    'a/notes.txt',
    '.git/x.png',
    'readme.md',
  ]);
  const dataset = imageFolder(folder);
  assert.deepEqual(dataset.classes, ['a', 'b']);
  assert.deepEqual(listed(dataset, folder), [
    ['a/deep/er/y.webp', 0],
    ['a/z.jpeg', 0],
    ['b/1.jpg', 1],
    ['b/2.PNG', 1],
  ]);
});

test('linked folders are followed; a link to a folder around it is refused', (t) => {
  const folder = folderOf(t, ['real/a/1.jpg', 'set/b/2.jpg']);
  symlinkSync(join(folder, 'real/a'), join(folder, 'set/a'));
  assert.deepEqual(imageFolder(join(folder, 'set')).classes, ['a', 'b']);
  symlinkSync(join(folder, 'set'), join(folder, 'set/b/loop'));
  refused(() => imageFolder(join(folder, 'set')), /loop leads back/);
});

test('no folder, no classes, a class without images, a format that is not read', (t) => {
  refused(() => imageFolder(join(folderOf(t, []), 'none')), /none cannot be read/);
  refused(() => imageFolder(folderOf(t, ['1.jpg'])), /has no class folders/);
  refused(() => imageFolder(folderOf(t, ['a/1.jpg', 'b/'])), /class folder .*b has no images/);
  refused(() => imageFolder(folderOf(t, ['a/1.jpg', 'a/2.bmp'])), /2\.bmp is of a format that is not read/);
});

test('a class map numbers the folders of a subset, and names classes', (t) => {
  const folder = folderOf(t, ['n02/1.jpg', 'n01/2.jpg']);
  const classMap = parseClassMap(
    '{"0": ["n00", "tench"], "2": ["n01", "shark"], "5": ["n02", "ray"]}',
    'map.json',
  );
  const dataset = imageFolder(folder, { classMap, classCount: 7 });
  assert.deepEqual(dataset.classes, ['tench', 'class 1', 'shark', 'class 3', 'class 4', 'ray', 'class 6']);
  assert.deepEqual([...dataset.labels], [2, 5]);
  refused(
    () => imageFolder(folder, { classMap: parseClassMap('n01 0', 'map.txt') }),
    /n02 is no class/,
    /map\.txt/,
  );
  refused(() => imageFolder(folder, { classMap, classCount: 5 }), /class number 5, but there are 5 classes/);
});

test('class maps: JSON, lines, and what is neither', () => {
  assert.deepEqual(
    [...parseClassMap(' {"a": 3, "b": 0}', 'm').labels],
    [
      ['a', 3],
      ['b', 0],
    ],
  );
  assert.deepEqual(
    [...parseClassMap('# note\na 3\r\n\nmy folder\t12\n', 'm').labels],
    [
      ['a', 3],
      ['my folder', 12],
    ],
  );
  refused(() => parseClassMap('', 'm'), /m is empty/);
  refused(() => parseClassMap('a b', 'm'), /m, line 1: expected a folder and a class number, found "a b"/);
  refused(() => parseClassMap('{"a": "b"}', 'm'), /m is no class map/, /"b"/);
  refused(() => parseClassMap('{"a": -1}', 'm'), /must be 0 or more/);
  refused(() => parseClassMap('{"a": 1.5}', 'm'), /must be 0 or more/);
  refused(() => parseClassMap('a 999999999999', 'm'), /class number of a/);
  refused(() => parseClassMap('{"a": 1', 'm'), /m is no class map/);
  refused(() => parseClassMap('a 1\na 2', 'm'), /m has the folder a twice/);
});

test('train and val folders; classes are the training part’s', (t) => {
  const folder = folderOf(t, ['train/a/1.jpg', 'train/b/2.jpg', 'train/c/3.jpg', 'val/c/4.jpg']);
  const { train, test } = loadImageFolders(folder);
  assert.deepEqual(train.classes, ['a', 'b', 'c']);
  assert.deepEqual(test.classes, ['a', 'b', 'c']);
  assert.deepEqual(listed(test, folder), [['val/c/4.jpg', 2]]);
  refused(() => loadImageFolders(folderOf(t, ['train/a/1.jpg', 'val/d/2.jpg'])), /val\/d is no class/);
  refused(() => loadImageFolders(join(folder, 'nowhere')), /there is no folder .*nowhere/);
});

test('without a test folder a share of every class is held out, the same for the same seed', (t) => {
  const names = ['a', 'b', 'train'].flatMap((name, c) =>
    Array.from({ length: 1 + 9 * c }, (_, i) => `${name}/${i}.jpg`),
  );
  const folder = folderOf(t, names);
  const { train, test } = loadImageFolders(folder, { seed: 3 });
  const [training, held] = [listed(train, folder), listed(test, folder)];
  const shares = [0, 1, 2].map((label) => held.filter(([, other]) => other === label).length);
  assert.deepEqual(shares, [0, 2, 4]);
  assert.deepEqual([...training, ...held].map(([path]) => path).sort(), names.sort());
  assert.deepEqual(listed(loadImageFolders(folder, { seed: 3 }).test, folder), held);
  assert.notDeepEqual(listed(loadImageFolders(folder, { seed: 4 }).test, folder), held);
});

test('training files on a list are left out; validation uses every file', (t) => {
  const folder = folderOf(t, [
    'train/a/1.jpg',
    'train/a/2.jpg',
    'train/a/3.bmp',
    'train/b/4.jpg',
    'train/b/5.jpg',
    'val/a/6.jpg',
  ]);
  const list = join(folder, 'exclude.txt');
  writeFileSync(list, `# damaged\ntrain/a/1.jpg\na/3.bmp\n${join(folder, 'train/b/4.jpg')}\nval/a/6.jpg\n`);
  const { train, test } = loadImageFolders(folder, { excludeList: list });
  assert.deepEqual(listed(train, folder), [
    ['train/a/2.jpg', 0],
    ['train/b/5.jpg', 1],
  ]);
  assert.equal(test.count, 1);
  refused(() => loadImageFolders(folder, { excludeList: join(folder, 'none') }), /none, cannot be read/);
});

test('a limit is spread over the classes', (t) => {
  const folder = folderOf(
    t,
    ['a', 'b', 'c', 'd'].flatMap((c) => [1, 2, 3].map((i) => `${c}/${i}.jpg`)),
  );
  const some = limited(imageFolder(folder), 4);
  assert.deepEqual(listed(some, folder), [
    ['a/1.jpg', 0],
    ['b/1.jpg', 1],
    ['c/1.jpg', 2],
    ['d/1.jpg', 3],
  ]);
});
