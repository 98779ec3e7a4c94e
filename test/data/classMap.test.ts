import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseClassMap, readClassMap } from '../../src/data/folders/classMap.js';
import { imageFolder } from '../../src/data/folders/imageFolder.js';
import { loadImageFolders } from '../../src/data/folders/imageFolderPair.js';
import { folderOf, refused } from './support/imageFolders.js';

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
    /n02 is not a class/,
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
  refused(() => parseClassMap('{"a": "b"}', 'm'), /m is not a class map/, /"b"/);
  refused(() => parseClassMap('{"a": -1}', 'm'), /must be 0 or more/);
  refused(() => parseClassMap('{"a": 1.5}', 'm'), /must be 0 or more/);
  refused(() => parseClassMap('a 999999999999', 'm'), /class number of a/);
  refused(() => parseClassMap('{"a": 1', 'm'), /m is not a class map/);
  refused(() => parseClassMap('a 1\na 2', 'm'), /m has the folder a twice/);
});

test('class maps as CSV: quotes, headers, either order; with a byte order mark or in UTF-16', (t) => {
  const entries = (text: string): [string, number][] => [...parseClassMap(text, 'm').labels];
  const expected = [
    ['a b', 3],
    ['c, d', 0],
  ];
  assert.deepEqual(entries('class,index\na b,3\n"c, d",0\n'), expected);
  assert.deepEqual(entries('index;class\r\n3;a b\r\n0;"c, d"\r\n'), expected);
  assert.deepEqual(entries('folder\tlabel\na b\t3\nc, d\t0\n'), expected);
  assert.deepEqual(entries('"a b" 3\n\'c, d\' 0'), expected);
  assert.deepEqual(
    [...parseClassMap('n01,0,tench\nn02,1,"shark, white"', 'm').names.values()],
    ['tench', 'shark, white'],
  );
  const folder = folderOf(t, []);
  const text = 'größe 1\nb 0\n';
  for (const [name, bytes] of [
    ['bom', Buffer.from(`\ufeff${text}`, 'utf8')],
    ['utf-16le', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['utf-16be', Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
    ['utf-16 without a mark', Buffer.from('b 0\ngröße 1\n', 'utf16le')],
  ] as const) {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    assert.equal(readClassMap(path).labels.get('größe'), 1, name);
    assert.equal(readClassMap(path).labels.get('b'), 0, name);
  }
});

test('a class map of two numbers a line: the other lines or the titles tell which is the folder, else it is said', (t) => {
  const labels = (text: string): Record<string, number> =>
    Object.fromEntries(parseClassMap(text, 'm').labels);
  const rows = '0,1\n1,2\n2,0\n';
  const folderFirst = { 0: 1, 1: 2, 2: 0 };
  const folderLast = { 1: 0, 2: 1, 0: 2 };
  for (const titles of [
    'label,folder',
    'Class ID,Folder Name',
    'target;wnid',
    'class_index,class',
    'number,folder,name',
  ])
    assert.deepEqual(labels(`${titles}\n${rows}`), folderLast, titles);
  for (const titles of ['folder,label', 'class,label', 'Folder_ID,class_idx', 'name,index'])
    assert.deepEqual(labels(`${titles}\n${rows}`), folderFirst, titles);
  assert.deepEqual(labels(`${rows}3,cat\n`), { ...folderLast, cat: 3 });
  assert.deepEqual(labels(`label,folder\n${rows}cat,3\n`), { ...folderFirst, cat: 3 });
  const folder = folderOf(t, ['0/1.jpg', '1/1.jpg', '2/1.jpg', '2/2.jpg']);
  const notesOf = (text: string): readonly string[] =>
    loadImageFolders(folder, { classMap: parseClassMap(text, 'map.csv'), splitBy: 'none' }).summary.notes;
  for (const unsure of [rows, `name,class\n${rows}`])
    assert.deepEqual(notesOf(unsure), [
      'the class map map.csv has numbers in both columns, of which the first is taken for the folders: ' +
        'a first line label,folder would turn that round, and folder,label confirm it',
    ]);
  for (const sure of [`label,folder\n${rows}`, '0,1\n1,0\n2,2\n', '0 1\n1 2\n2 0'])
    assert.deepEqual(notesOf(sure), [], sure);
});

test('entries of a class map that match no folder are said once', (t) => {
  const folder = folderOf(t, ['train/a/1.jpg', 'train/b/1.jpg', 'val/a/1.jpg']);
  const notesOf = (text: string): readonly string[] =>
    loadImageFolders(folder, { classMap: parseClassMap(text, 'map.txt') }).summary.notes;
  assert.deepEqual(notesOf('a 0\nb 1'), []);
  assert.deepEqual(notesOf('a 0\nb 1\nc 2'), [
    'the class map map.txt has an entry that matches no folder, such as c',
  ]);
  assert.deepEqual(notesOf('a 0\nb 1\nc 2\nd 3'), [
    'the class map map.txt has 2 entries that match no folder, such as c',
  ]);
});

test('folders that a class map makes one class, and numbers that it leaves out, are said', (t) => {
  const folder = folderOf(
    t,
    ['a', 'b', 'c', 'd'].flatMap((name) => [`${name}/1.jpg`, `${name}/2.jpg`]),
  );
  const notesOf = (text: string, splitBy?: 'none'): readonly string[] =>
    loadImageFolders(folder, { classMap: parseClassMap(text, 'm.csv'), valShare: 0.5, splitBy }).summary
      .notes;
  assert.deepEqual(notesOf('d,0\nc,1\nb,2\na,3'), []);
  assert.deepEqual(notesOf('a,0\nb,0\nc,2\nd,3'), [
    'the class map m.csv gives 0 to a and b, which become one class, b',
    'the class map m.csv gives no folder the number 1, which becomes a class without images: numbers begin at 0 and have no gaps',
  ]);
  assert.deepEqual(notesOf('a,0\nb,0\nc,1\nd,1'), [
    'the class map m.csv gives 2 numbers to several folders each, which become one class, such as 0 to a and b',
  ]);
  const spread = 'a,1\nb,2\nc,3\nd,9';
  assert.deepEqual(notesOf(spread), [
    'the class map m.csv gives no folder the numbers 0, 4, 5, 6, 7 and 1 more, which become classes without images: ' +
      'numbers begin at 0 and have no gaps',
  ]);
  // A model's other classes need no folders in a set to test it on.
  assert.deepEqual(notesOf(spread, 'none'), []);
});
