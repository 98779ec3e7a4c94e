import assert from 'node:assert/strict';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder } from '../../src/makeFolder.js';
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
