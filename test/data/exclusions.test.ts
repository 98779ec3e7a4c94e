import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkData } from '../../src/data/check/checkData.js';
import { exclusionLine, exclusionLines, readExclusions } from '../../src/data/folders/exclusions.js';
import { loadImageFolders } from '../../src/data/folders/imageFolderPair.js';
import { folderOf, paths, refused } from './support/imageFolders.js';

const FILES = [
  'train/a/1.jpg',
  'train/a/2.jpg',
  'train/a/3.bmp',
  'train/b/4.jpg',
  'train/b/5.jpg',
  'val/a/6.jpg',
  'val/b/7.jpg',
];

test('listed files are left out of every part, and entries that match nothing are told', (t) => {
  const folder = folderOf(t, FILES);
  const list = join(folder, 'exclude.txt');
  writeFileSync(
    list,
    `# damaged\ntrain/a/1.jpg\na/3.bmp\n${join(folder, 'train/b/4.jpg')}\nval/a/6.jpg\nno/such.jpg\n`,
  );
  const { train, test: testing, summary } = loadImageFolders(folder, { excludeList: list });
  assert.deepEqual(paths(train, folder), ['train/a/2.jpg', 'train/b/5.jpg']);
  assert.deepEqual(paths(testing, folder), ['val/b/7.jpg']);
  assert.deepEqual(summary.notes, [
    `${list} has an entry that matches nothing, such as no/such.jpg`,
    'class a has no images for validation',
  ]);
  assert.equal(summary.leftOut.filter(({ reason }) => reason === 'excluded').length, 4);
  refused(() => loadImageFolders(folder, { excludeList: join(folder, 'none') }), /none, cannot be read/);
});

test('lists as people and their programs write them', (t) => {
  const folder = folderOf(t, [
    'a/1.jpg',
    'a/2 # x.jpg',
    'a/3.jpg',
    'b/\u00e9.jpg',
    'b/5.jpg',
    'b/keep.jpg',
    'a/keep.jpg',
    'c/d/6.jpg',
    'c/keep.jpg',
  ]);
  const text = [
    '\ufeff# written by hand',
    '  "a/1.jpg"  ',
    'a/2 # x.jpg',
    "'a/3.jpg' # blurred",
    'b/e\u0301.jpg',
    'b\\5.jpg\t',
    'c/d/',
    '',
  ].join('\r\n');
  for (const [name, bytes] of [
    ['utf-8', Buffer.from(text, 'utf8')],
    ['utf-16le', Buffer.from(text, 'utf16le')],
    ['utf-16be', Buffer.from(text, 'utf16le').swap16()],
  ] as const) {
    const excludeList = join(folder, `${name}.txt`);
    writeFileSync(excludeList, bytes);
    const { test: all, summary } = loadImageFolders(folder, { excludeList, splitBy: 'none' });
    assert.deepEqual(paths(all, folder), ['a/keep.jpg', 'b/keep.jpg', 'c/keep.jpg'], name);
    assert.deepEqual(summary.notes, [], name);
  }
});

test('entries name files whose folders are composed and they are not, and files whose names are not UTF-8', async (t) => {
  const folder = folderOf(t, ['\u00e9/e\u0301.jpg', '\u00e9/1.jpg', 'o\u0308/\u00fc.jpg', 'o\u0308/1.jpg']);
  // Not every system has such names; elsewhere there is nothing to leave out.
  const strange = Buffer.concat([Buffer.from(`${folder}/o\u0308/caf`), Buffer.of(0xe9), Buffer.from('.jpg')]);
  const hasStrange = process.platform === 'linux';
  if (hasStrange) writeFileSync(strange, '');
  const { unusable, parts } = await checkData(folder);
  const bad = ['\u00e9/1.jpg', '\u00e9/\u00e9.jpg', '\u00f6/1.jpg', '\u00f6/\u00fc.jpg'];
  const expected = hasStrange ? [...bad.slice(0, 3), '\u00f6/caf\ufffd.jpg', bad[3]!] : bad;
  assert.deepEqual([...unusable].sort(), [...expected].sort());
  const reasons = parts[0]!.unreadable.map(({ reason }) => reason).join();
  if (hasStrange) assert.match(reasons, /caf\ufffd\.jpg cannot be read: its name is not UTF-8, so rename it/);
  const excludeList = join(folder, 'list.txt');
  writeFileSync(excludeList, exclusionLines(unusable.filter((path) => !path.endsWith('/1.jpg'))));
  const { test: all, summary } = loadImageFolders(folder, { excludeList, splitBy: 'none' });
  assert.deepEqual(paths(all, folder), ['\u00e9/1.jpg', 'o\u0308/1.jpg']);
  assert.doesNotMatch(summary.notes.join(), /nothing/);
});

test('an entry means one file: from the folder on before from its parts', (t) => {
  const folder = folderOf(t, [
    'train/a/1.jpg',
    'train/a/2.jpg',
    'train/b/1.jpg',
    'val/a/1.jpg',
    'val/b/1.jpg',
  ]);
  const excludeList = join(folder, 'list.txt');
  writeFileSync(excludeList, 'a/1.jpg\n');
  const { train, test: testing } = loadImageFolders(folder, { excludeList });
  assert.deepEqual(paths(train, folder), ['train/a/2.jpg', 'train/b/1.jpg']);
  assert.equal(testing.count, 2);
});

test('lines for any name are read as that name, but for names with line breaks', (t) => {
  const names = ['1.jpg', '#2.jpg', ' 3.jpg', "'4'.jpg", "5'.jpg", '6 # x.jpg', '#7 # x.jpg'];
  const files = names.map((name) => `a/${name}`);
  const folder = folderOf(t, files);
  const list = join(folder, 'exclude.txt');
  for (const file of files) {
    writeFileSync(list, `${exclusionLine(file)}\n`);
    assert.ok(readExclusions(list, [folder]).has(join(folder, file)), file);
    writeFileSync(list, `${exclusionLine(file.slice(2))}\n`);
    assert.ok(readExclusions(list, [join(folder, 'a')]).has(join(folder, file)), file);
  }
  refused(() => exclusionLine('a/\n.jpg'), /^"a\/\\n\.jpg" cannot be on an exclusion list/);
});
