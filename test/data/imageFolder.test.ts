import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { checkData } from '../../src/data/check/checkData.js';
import { setToCheck } from '../../src/data/check/partsToCheck.js';
import { limited } from '../../src/data/dataset.js';
import { parseClassMap } from '../../src/data/folders/classMap.js';
import { imageFolder, readImageFolder } from '../../src/data/folders/imageFolder.js';
import { loadImageFolders } from '../../src/data/folders/imageFolderPair.js';
import { describeLeftOut } from '../../src/data/folders/leftOut.js';
import { compareInventories, takeInventory } from '../../src/data/parts/inventory.js';
import { isWebDataset } from '../../src/data/webdataset/shards.js';
import { UserError } from '../../src/errors.js';
import { temporaryFolder } from './support/folder.js';
import { folderOf, listed, paths, refused } from './support/imageFolders.js';

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

test('links that lead to themselves or in circles, and paths that are too long, are said', async (t) => {
  const folder = folderOf(t, ['a/1.jpg', 'b/2.jpg']);
  for (const name of ['a/self', 'b/self.jpg']) symlinkSync(join(folder, name), join(folder, name));
  const { dataset, leftOut } = readImageFolder(folder);
  assert.deepEqual(paths(dataset, folder), ['a/1.jpg', 'b/2.jpg', 'b/self.jpg']);
  assert.deepEqual(leftOut, [{ path: join(folder, 'a/self'), reason: 'noImage' }]);
  const [found] = (await checkData(folder)).parts;
  assert.match(found!.unreadable.map(({ reason }) => reason).join(), /b\/self\.jpg cannot be read: ELOOP/);
  const circle = temporaryFolder(t);
  symlinkSync('.', join(circle, 'x'));
  const long = `${'x'.repeat(300)}.tar`;
  refused(() => loadImageFolders(circle), /the link .*x leads back to a folder that it lies in/);
  refused(() => isWebDataset(circle), /the link .*x leads back to a folder that it lies in/);
  refused(() => loadImageFolders(long), /there is no folder x+\.tar/);
  await assert.rejects(checkData(long), /UserError: there is no archive x+\.tar/);
});

test('links that lead to each other are refused, whatever lies between them', async (t) => {
  const link = (folder: string, name: string, target: string): void =>
    symlinkSync(target, join(folder, name));
  const one = folderOf(t, ['a/1.jpg', 'b/1.jpg']);
  link(one, 'a/x', '../b');
  link(one, 'b/y', '../a');
  const several = folderOf(t, ['a/1.jpg', 'b/in/deep/1.jpg', 'c/1.jpg']);
  for (const name of ['x', 'z']) link(several, `a/${name}`, '../b');
  for (const name of ['y', 'w']) link(several, `b/in/deep/${name}`, '../../../a');
  const back = /the link .* leads back to a folder that it lies in/;
  for (const folder of [one, several]) {
    refused(() => loadImageFolders(folder), back);
    await assert.rejects(checkData(folder), back);
  }
  const wrapped = folderOf(t, ['a/', 'b/']);
  link(wrapped, 'a/x', '../b');
  link(wrapped, 'b/y', '../a');
  refused(() => loadImageFolders(join(wrapped, 'a')), back);
  refused(() => isWebDataset(join(wrapped, 'a')), back);
  // Two links to a folder are no circle.
  const twice = folderOf(t, ['set/a/1.jpg', 'set/b/2.jpg', 'c/d/3.jpg']);
  link(twice, 'set/a/x', '../../c');
  link(twice, 'set/b/y', '../../c/d');
  link(twice, 'c/d/z', '../../set/b');
  refused(() => imageFolder(join(twice, 'set')), back);
  unlinkSync(join(twice, 'c/d/z'));
  assert.deepEqual(paths(imageFolder(join(twice, 'set')), twice), [
    'set/a/1.jpg',
    'set/a/x/d/3.jpg',
    'set/b/2.jpg',
    'set/b/y/3.jpg',
  ]);
});

test('pipes are no images, whatever their names: they would be waited for', {
  skip: process.platform === 'win32',
}, async (t) => {
  const folder = folderOf(t, ['a/1.jpg', 'b/2.jpg']);
  execFileSync(
    'mkfifo',
    ['a/p.jpg', 'b/p', 'all.tar', '3.png'].map((name) => join(folder, name)),
  );
  symlinkSync(join(folder, 'a/p.jpg'), join(folder, 'b/link.png'));
  const { train, summary } = loadImageFolders(folder, { splitBy: 'none' });
  assert.deepEqual(paths(train, folder), ['a/1.jpg', 'b/2.jpg']);
  assert.deepEqual(describeLeftOut(summary.leftOut, (path) => path).length, 2);
  assert.equal(summary.leftOut.filter(({ reason }) => reason === 'noImage').length, 3);
  await assert.rejects(checkData(join(folder, 'all.tar')), /all\.tar is not an archive: expected a file/);
});

test('no folder, no classes, a class without images, a format that is not read', (t) => {
  refused(() => imageFolder(join(folderOf(t, []), 'none')), /none cannot be read/);
  refused(() => imageFolder(folderOf(t, ['1.jpg'])), /has no class folders/);
  refused(() => imageFolder(folderOf(t, ['a/1.jpg', 'b/'])), /class folder .*b has no images/);
  refused(
    () => imageFolder(folderOf(t, ['a/1.jpg', 'a/2.bmp'])),
    /2\.bmp is of the unsupported format BMP: expected JPEG, PNG, WebP, GIF or TIFF; convert/,
  );
});

test('train and val folders; classes are the training part’s', (t) => {
  const folder = folderOf(t, ['train/a/1.jpg', 'train/b/2.jpg', 'train/c/3.jpg', 'val/c/4.jpg']);
  const { train, test } = loadImageFolders(folder);
  assert.deepEqual(train.classes, ['a', 'b', 'c']);
  assert.deepEqual(test.classes, ['a', 'b', 'c']);
  assert.deepEqual(listed(test, folder), [['val/c/4.jpg', 2]]);
  refused(() => loadImageFolders(folderOf(t, ['train/a/1.jpg', 'val/d/2.jpg'])), /val\/d is not a class/);
  refused(() => loadImageFolders(join(folder, 'nowhere')), /there is no folder .*nowhere/);
});

test('a class may have more files than a call has room for: images, those of another spelling, and what is left out', (t) => {
  const count = 13_000;
  const names = Array.from({ length: count }, (_, i) => [`\u00e9/x/${i}.jpg`, `b/._${i}.jpg`]);
  const folder = folderOf(t, [...names.flat(), 'e\u0301/1.jpg', 'b/1.jpg']);
  const list = join(temporaryFolder(t), 'list.txt');
  writeFileSync(list, '\u00e9/x');
  const own = (module: string): string =>
    JSON.stringify(new URL(`../../src/data/${module}`, import.meta.url));
  const code = `
    import { setToCheck } from ${own('check/partsToCheck.js')};
    import { loadImageFolders } from ${own('folders/imageFolderPair.js')};
    const [folder, list] = process.argv.slice(1);
    const { train, summary } = loadImageFolders(folder, { excludeList: list, splitBy: 'none' });
    const { parts, leftOut } = await setToCheck(folder, list, {});
    console.log(train.count, summary.leftOut.length, parts[0].images.length, leftOut.length);`;
  // A small stack, so that a few thousand files are as many as more than 120,000 otherwise.
  const node = ['--stack-size=100', '--input-type=module', '--eval', code, folder, list];
  const printed = execFileSync(process.execPath, node, { encoding: 'utf8' });
  assert.equal(printed.trim(), [2, 2 * count, 2, 2 * count].join(' '));
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

test('files are told by content: no ending, .jfif, .jpe, .mpo; hidden files and system folders are left out at every depth', (t) => {
  const folder = folderOf(t, [
    'a/1.jfif',
    'a/2.jpe',
    'a/3.MPO',
    'a/._1.jpg',
    'a/.ipynb_checkpoints/1.jpg',
    'a/deep/@eaDir/1.jpg',
    'a/Thumbs.db',
    'a/notes.txt',
    'b/4.gif',
    'b/5.tiff',
    '__MACOSX/a/._1.jpg',
    '.git/x.png',
    'lost+found/',
    '$RECYCLE.BIN/1.jpg',
  ]);
  writeFileSync(join(folder, 'b', 'plain'), '\xff\xd8\xff\xe0 and so on', 'latin1');
  const { dataset, leftOut } = readImageFolder(folder);
  assert.deepEqual(dataset.classes, ['a', 'b']);
  assert.deepEqual(
    listed(dataset, folder).map(([path]) => path),
    ['a/1.jfif', 'a/2.jpe', 'a/3.MPO', 'b/4.gif', 'b/5.tiff', 'b/plain'],
  );
  const lines = describeLeftOut(leftOut, (path) => relative(folder, path));
  assert.deepEqual(lines, [
    '8 hidden or system files (such as $RECYCLE.BIN)',
    '1 file that is not an image (a/notes.txt)',
  ]);
  writeFileSync(join(folder, 'b', 'other'), 'BM\x10\0\0\0\0\0\0\0\x36\0\0\0\x28\0', 'latin1');
  refused(() => imageFolder(folder), /b.other is of the unsupported format BMP/);
});

test('classes are ordered by code point, and composed and decomposed names are one class', (t) => {
  const names = ['\u{1f408}', '\u{20000}', '\uff21', '\uff71', '\ufb01', 'Z', 'a', '\u00e9'];
  const folder = folderOf(t, [...names.map((name) => `${name}/1.jpg`), 'e\u0301/2.jpg']);
  const dataset = imageFolder(folder);
  // Python's sorted().
  const sorted = ['Z', 'a', '\u00e9', '\ufb01', '\uff21', '\uff71', '\u{1f408}', '\u{20000}'];
  assert.deepEqual(dataset.classes, sorted);
  assert.deepEqual([...dataset.labels], [0, 1, 2, 2, 3, 4, 5, 6, 7]);
  const map = parseClassMap('e\u0301 3', 'm');
  assert.deepEqual([...imageFolder(folderOf(t, ['\u00e9/1.jpg']), { classMap: map }).labels], [3]);
});

test('an image whose name is there composed and decomposed is refused: lists and splits could not tell them apart', async (t) => {
  const list = join(temporaryFolder(t), 'list.txt');
  writeFileSync(list, 'b/é.jpg');
  for (const twice of [
    ['b/é.jpg', 'b/é.jpg'],
    ['b/é/1.jpg', 'b/é/1.jpg'],
    ['é/1.jpg', 'é/1.jpg'],
    // Partly composed.
    ['b/éé.jpg', 'b/éé.jpg'],
  ]) {
    const folder = folderOf(t, ['a/1.jpg', 'b/1.jpg', ...twice]);
    const [path] = twice.map((name) => name.normalize('NFC'));
    const said = new RegExp(`${path} is there twice, by names that differ only in Unicode's forms`);
    const composed = (act: () => unknown) => () => {
      try {
        act();
      } catch (error) {
        throw error instanceof UserError ? new UserError(error.message.normalize('NFC')) : error;
      }
    };
    for (const fold of [undefined, { of: 2, index: 0 }])
      refused(
        composed(() => loadImageFolders(folder, { valShare: 0.5, fold })),
        said,
      );
    await assert.rejects(setToCheck(folder, undefined, {}), /UserError: .* is there twice/);
  }
  // Left out, they are no matter; nor are names that are decomposed but there once.
  const folder = folderOf(t, ['a/1.jpg', 'b/1.jpg', 'b/é.jpg', 'b/é.jpg', 'a/ö.jpg']);
  const options = { excludeList: list, fold: { of: 2, index: 0 } };
  const records = takeInventory(loadImageFolders(folder, options));
  assert.deepEqual(new Set(records.map(({ key }) => key)), new Set(['a/1.jpg', 'a/ö.jpg', 'b/1.jpg']));
  assert.deepEqual(compareInventories(records, records), { added: [], missing: [], changed: [], moved: [] });
  assert.equal((await setToCheck(folder, list, {})).parts[0]!.images.length, 3);
});

test('an order of classes that is not torchvision’s is said: it sorts decomposed names as they are on disk', async (t) => {
  const note =
    "folders' names are in Unicode's decomposed form, by which torchvision's ImageFolder orders classes: its class 1 is \u00e9clair, " +
    'here it is zebra; weights without class names may be numbered in its order';
  for (const [name, notes] of [
    ['e\u0301clair', [note]],
    ['\u00e9clair', []],
    ['zebr\u0061\u0301', []],
  ] as const) {
    const folder = folderOf(t, ['apple/1.jpg', 'apple/2.jpg', 'zebra/1.jpg', `${name}/1.jpg`]);
    const { train, summary } = loadImageFolders(folder, { splitBy: 'none' });
    assert.deepEqual(train.classes, ['apple', 'zebra', name.normalize('NFC')]);
    assert.deepEqual(summary.notes, notes, name);
    assert.deepEqual((await setToCheck(folder, undefined, {})).notes, notes, name);
    const map = parseClassMap(`apple 0\nzebra 1\n${name} 2`, 'map.txt');
    assert.deepEqual(loadImageFolders(folder, { splitBy: 'none', classMap: map }).summary.notes, []);
  }
});
