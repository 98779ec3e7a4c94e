import assert from 'node:assert/strict';
import { relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadImageFolders } from '../../src/data/folders/imageFolderPair.js';
import { findLayout } from '../../src/data/folders/layout.js';
import { partOfName } from '../../src/data/folders/partNames.js';
import { isWebDataset } from '../../src/data/webdataset/shards.js';
import { folderOf, refused } from './support/imageFolders.js';

test('names of parts: any case, words before, numbers and a few words after', () => {
  const names = {
    train: [
      'train',
      'Train',
      'TRAINING',
      'train2017',
      'Train-0',
      'train_000',
      'imagenet1k-train-0000',
      'training_set',
    ],
    val: ['val', 'Valid', 'validation', 'dev', 'eval', 'seg_val', 'val_images'],
    test: ['test', 'Testing', 'asl_alphabet_test', 'test 2'],
  };
  for (const [part, list] of Object.entries(names))
    for (const name of list) assert.equal(partOfName(name)?.part, part, name);
  for (const name of ['trainer', 'test tube', 'train station', 'train-val', 'contest', 'value', '', 'a'])
    assert.equal(partOfName(name), undefined, name);
  assert.equal(partOfName('freight_train')?.isPrefixed, true);
});

/** Where the parts were found, from the folder on. */
function found(t: TestContext, ...files: string[]): (string | undefined)[] {
  const folder = folderOf(t, files);
  const { root, train, val, test: testing } = findLayout(folder);
  return [root, train, val, testing].map((path) => path && relative(folder, path));
}

const classes = (part: string): string[] => ['a', 'b'].map((name) => `${part}/${name}/1.jpg`);

test('parts by the usual names', (t) => {
  for (const [train, val] of [
    ['Training', 'Testing'],
    ['Train', 'Val'],
    ['train', 'valid'],
    ['seg_train', 'seg_test'],
    ['train2017', 'val2017'],
    ['training_set', 'test_set'],
  ] as const) {
    const [, ...places] = found(t, ...classes(train), ...classes(val));
    const isTest = /test/i.test(val);
    assert.deepEqual(places, [train, isTest ? undefined : val, isTest ? val : undefined]);
  }
  assert.deepEqual(found(t, ...classes('train'), ...classes('val'), ...classes('test')), [
    '',
    'train',
    'val',
    'test',
  ]);
  assert.deepEqual(found(t, ...classes('val')), ['', 'val', undefined, undefined]);
});

test('a single folder around a set or a part is looked through', (t) => {
  assert.deepEqual(found(t, ...classes('x/y'), 'readme.md'), ['x/y', 'x/y', undefined, undefined]);
  assert.deepEqual(found(t, ...classes('x/Train'), ...classes('x/Val'), '__MACOSX/x/1.jpg'), [
    'x',
    'x/Train',
    'x/Val',
    undefined,
  ]);
  assert.deepEqual(found(t, ...classes('seg_train/seg_train'), ...classes('seg_test/seg_test')), [
    '',
    'seg_train/seg_train',
    undefined,
    'seg_test/seg_test',
  ]);
  // A part with one class, whose images lie deeper, is none around it.
  assert.deepEqual(found(t, ...classes('train'), 'val/a/deep/1.jpg'), ['', 'train', 'val', undefined]);
  // One class alone is no folder around another.
  assert.deepEqual(found(t, 'a/1.jpg'), ['', '', undefined, undefined]);
});

test('a class may be called train', (t) => {
  assert.deepEqual(found(t, 'bus/1.jpg', 'car/1.jpg', 'train/1.jpg'), ['', '', undefined, undefined]);
  assert.deepEqual(found(t, 'freight_train/old/1.jpg', 'crash_test/1.jpg', 'car/1.jpg'), [
    '',
    '',
    undefined,
    undefined,
  ]);
});

test('a class called train hides nothing', (t) => {
  const {
    train,
    test: held,
    summary,
  } = loadImageFolders(
    folderOf(t, ['bus/1.jpg', 'bus/2.jpg', 'car/1.jpg', 'train/1.jpg', 'train/2.jpg', 'train/3.jpg']),
    { valShare: 0.3 },
  );
  assert.deepEqual(train.classes, ['bus', 'car', 'train']);
  assert.equal(train.count + held.count, 6);
  assert.deepEqual(summary.leftOut, []);
});

test('what looks like parts but is not clear is refused, with what to do', (t) => {
  const refuse = (files: readonly string[], ...patterns: RegExp[]): void =>
    refused(() => findLayout(folderOf(t, files)), ...patterns);
  refuse(
    [...classes('train'), 'val/1.jpg'],
    /val has images, but no class folders: expected a folder of images for each class/,
  );
  refuse(
    ['Train/1.jpg', 'Val/1.jpg'],
    /has Train\/ and Val\/, which look like parts of a set, but there are no class folders/,
  );
  refuse(
    [...classes('train'), ...classes('Training')],
    /(Training\/ and train\/|train\/ and Training\/), which both look like its part for train/,
  );
  refuse(
    [...classes('train'), 'car/1.jpg', 'bus/1.jpg'],
    /has train\/ with folders in it beside bus\/ and car\/, and it is not clear/,
    /give .*train itself/,
  );
  refuse([...classes('val'), ...classes('test')], /has val\/ and test\/, but no train\//);
  refused(() => findLayout('nowhere'), /there is no folder nowhere/);
});

test('a test part without classes and folders beside the parts are left aside, and named', (t) => {
  const folder = folderOf(t, [
    ...classes('train'),
    ...classes('val'),
    'test/1.jpg',
    'docs/x.txt',
    'extra/1.jpg',
  ]);
  const { notes, leftOut, test: testing } = findLayout(folder);
  assert.equal(testing, undefined);
  assert.deepEqual(notes, ['test/ is ignored: its images are not in class folders, so they have no classes']);
  assert.deepEqual(
    leftOut.map(({ path, reason }) => [relative(folder, path), reason]),
    [
      ['docs', 'beside'],
      ['extra', 'beside'],
    ],
  );
});

test('images around the class folders, and archives beside them, are left out with a word', (t) => {
  for (const [files, leftOut] of [
    [['1.jpg', 'notes.txt', 'cats/a/1.jpg', 'cats/b/1.jpg'], [['1.jpg', 'noClass']]],
    [['images.tar', 'a/1.jpg', 'b/1.jpg'], [['images.tar', 'beside']]],
    [['images.TAR', 'images/a/1.jpg', 'images/b/1.jpg'], [['images.TAR', 'beside']]],
    [
      [
        'x.bmp',
        'all.tar',
        'train/in/a/1.jpg',
        'train/in/b/1.jpg',
        'train/2.jpg',
        'val/in/a/1.jpg',
        'val/3.jpg',
      ],
      [
        ['all.tar', 'beside'],
        ['x.bmp', 'noClass'],
        ['train/2.jpg', 'noClass'],
        ['val/3.jpg', 'noClass'],
      ],
    ],
  ] as const) {
    const folder = folderOf(t, files);
    const { summary } = loadImageFolders(folder, { splitBy: 'none' });
    const found = summary.leftOut.map(({ path, reason }) => [relative(folder, path), reason]);
    assert.deepEqual(found, leftOut);
  }
});

test('class folders are none of archives, also beside archives; folders of archives may have pictures', (t) => {
  for (const files of [
    ['images.tar', 'a/1.jpg', 'b/2.jpg'],
    ['images.tar', 'images/a/1.jpg', 'images/b/2.jpg'],
    ['set/train.tar', 'set/train/in/a/1.jpg'],
  ])
    assert.equal(isWebDataset(folderOf(t, files)), false, files.join());
  for (const files of [
    ['0.tar', 'preview.jpg', 'docs/readme.txt'],
    ['train/0.tar', 'train/preview.jpg', 'val/0.tar'],
    ['set/0.tar', '._x/1.jpg'],
  ])
    assert.equal(isWebDataset(folderOf(t, files)), true, files.join());
});
