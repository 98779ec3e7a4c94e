import assert from 'node:assert/strict';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadImageFolders } from '../../src/data/folders/imageFolderPair.js';
import {
  compareInventories,
  describeChanges,
  formatInventory,
  type ImageRecord,
  parseInventory,
  takeInventory,
} from '../../src/data/parts/inventory.js';
import { addFiles, folderOf, refused } from './support/imageFolders.js';

const FILES = [
  'train/a/1.jpg',
  'train/a/2.jpg',
  'train/b/1.jpg',
  'val/a/1.jpg',
  'val/b/"odd\tname".jpg',
  'test/a/9.jpg',
];

const inventoryOf = (folder: string): ImageRecord[] => takeInventory(loadImageFolders(folder));

test('an inventory has every image with its part, and can be written and read', (t) => {
  const records = inventoryOf(folderOf(t, FILES));
  assert.deepEqual(
    records.map(({ part, key, size }) => [part, key, size]),
    FILES.map((path) => [path.split('/')[0], path, path.length]),
  );
  assert.equal(new Set(records.map(({ hash }) => hash)).size, FILES.length);
  assert.deepEqual(parseInventory(formatInventory(records), 's'), records);
  for (const damaged of [
    '',
    'x\n',
    formatInventory(records).slice(0, -3),
    formatInventory(records).replace('val', 'vat'),
  ])
    refused(() => parseInventory(damaged, 'run/split.tsv'), /run\/split\.tsv is damaged/);
});

test('an image that cannot be read is named, and why', (t) => {
  const folder = folderOf(t, FILES);
  const parts = loadImageFolders(folder);
  rmSync(join(folder, 'train/b/1.jpg'));
  refused(() => takeInventory(parts), /b\/1\.jpg cannot be read: ENOENT/);
});

test('what was added, is missing, has other content of the same length, or came into another part', (t) => {
  const folder = folderOf(t, FILES);
  const before = inventoryOf(folder);
  assert.equal(describeChanges(compareInventories(before, inventoryOf(folder))), undefined);
  addFiles(folder, ['train/b/new.jpg']);
  rmSync(join(folder, 'train/a/2.jpg'));
  writeFileSync(join(folder, 'train/b/1.jpg'), 'train/b/2.jpg');
  const changes = compareInventories(before, inventoryOf(folder));
  assert.deepEqual(changes, {
    added: ['train/b/new.jpg'],
    missing: ['train/a/2.jpg'],
    changed: ['train/b/1.jpg'],
    moved: [],
  });
  assert.equal(
    describeChanges(changes),
    '1 added (train/b/new.jpg), 1 missing (train/a/2.jpg), 1 with different content (train/b/1.jpg)',
  );
  renameSync(join(folder, 'train/a/1.jpg'), join(folder, 'val/a/renamed.jpg'));
  addFiles(folder, ['train/a/3.jpg']);
  assert.deepEqual(compareInventories(before, inventoryOf(folder)).moved, [
    { key: 'val/a/renamed.jpg', from: 'train', to: 'val' },
  ]);
});

test('a change in the middle or at the end of a large file is noticed', (t) => {
  const folder = folderOf(t, ['train/a/1.jpg', 'train/b/1.jpg', 'val/a/1.jpg']);
  const path = join(folder, 'train/a/1.jpg');
  const content = Buffer.alloc(100_000, 7);
  writeFileSync(path, content);
  const before = inventoryOf(folder);
  for (const at of [49_999, 99_999]) {
    const other = Buffer.from(content);
    other[at] = 8;
    writeFileSync(path, other);
    assert.deepEqual(compareInventories(before, inventoryOf(folder)).changed, ['train/a/1.jpg'], String(at));
  }
});
