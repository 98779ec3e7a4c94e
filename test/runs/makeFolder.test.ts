import assert from 'node:assert/strict';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join, posix, win32 } from 'node:path';
import { test } from 'node:test';
import { makeFolder, missingFolders } from '../../src/makeFolder.js';
import { withFolder } from '../train/fixtures/tiny.js';

test('makeFolder makes what is missing, and leaves what is there', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'a', 'b', '..', 'c');
    makeFolder(path);
    makeFolder(path);
    assert.ok(statSync(join(folder, 'a', 'c')).isDirectory());
    writeFileSync(join(folder, 'file'), '');
    assert.throws(() => makeFolder(join(folder, 'file')), /EEXIST/);
    assert.throws(() => makeFolder(join(folder, 'file', 'below')), /ENOTDIR/);
  }));

test('makeFolder says where nothing can be made, and does not try for ever', (t) => {
  if (!existsSync('/proc/self')) return t.skip('needs /proc');
  assert.throws(() => makeFolder('/proc/1/xx'), /ENOENT|EACCES/);
});

test('parents are missing up to the drive, which may be missing, too', () => {
  const none = () => false;
  assert.deepEqual(missingFolders('Z:\\runs\\a', none, win32.dirname), ['Z:\\runs', 'Z:\\runs\\a']);
  assert.deepEqual(missingFolders('Z:\\', none, win32.dirname), []);
  assert.deepEqual(missingFolders('\\\\host\\share\\a', none, win32.dirname), ['\\\\host\\share\\a']);
  assert.deepEqual(
    missingFolders('/a/b/c', (path) => path === '/a', posix.dirname),
    ['/a/b', '/a/b/c'],
  );
});
