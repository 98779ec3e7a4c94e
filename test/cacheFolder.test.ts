import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { cacheFolder } from '../src/cacheFolder.js';
import { measuringText } from '../src/cli/measuringLog.js';
import { ImageStore } from '../src/data/cache/imageStore.js';
import { IndexCache, indexFolder } from '../src/data/webdataset/indexCache.js';
import { Choices, choicesFile } from '../src/engines/cache/choices.js';

/** Sets what the system says of the user's home, and the variable. */
function withHome(t: TestContext, home: string | Error, caches?: string): void {
  const { XDG_CACHE_HOME: before } = process.env;
  t.mock.method(os, 'homedir', () => {
    if (typeof home === 'string') return home;
    throw home;
  });
  syncBuiltinESMExports();
  if (caches === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = caches;
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
    if (before === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = before;
  });
}

const nobody = new Error('uv_os_homedir returned ENOENT');

for (const [caches, folder] of [
  ['/caches', '/caches/biasloss/onednn'],
  [undefined, '/home/me/.cache/biasloss/onednn'],
  ['', '/home/me/.cache/biasloss/onednn'],
  ['caches', '/home/me/.cache/biasloss/onednn'],
] as const) {
  test(`XDG_CACHE_HOME ${caches === undefined ? 'not set' : JSON.stringify(caches)}`, (t) => {
    withHome(t, '/home/me', caches);
    assert.equal(cacheFolder('onednn'), folder);
  });
}

test('without a home the variable is enough', (t) => {
  withHome(t, nobody, '/caches');
  assert.equal(cacheFolder('cuda'), '/caches/biasloss/cuda');
});

test('the line of progress says where measurements are kept, unless they cannot be', (t) => {
  const folder = mkdtempSync(join(os.tmpdir(), 'biasloss-caches-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const text = 'measuring convolutions 1/2 for this processor';
  withHome(t, '/home/me', folder);
  const kept = join(folder, 'biasloss', 'onednn');
  assert.equal(measuringText({ done: 1, total: 2 }), `${text} (once; kept in ${kept})`);
  assert.equal(existsSync(kept), false);
  withHome(t, folder);
  assert.equal(measuringText({ done: 1, total: 2 }), `${text} (once; kept in ~/.cache/biasloss/onednn)`);
  writeFileSync(join(folder, 'file'), '');
  for (const none of ['/dev/null', join(folder, 'file')]) {
    withHome(t, none);
    assert.equal(measuringText({ done: 1, total: 2 }), text);
  }
});

test('a home that is no path counts as none', (t) => {
  withHome(t, '', 'caches');
  assert.equal(cacheFolder('cuda'), undefined);
});

test('without home and variable choices are kept in memory alone', (t) => {
  withHome(t, nobody);
  const file = choicesFile('onednn', ['processor']);
  assert.equal(file, undefined);
  const choices = new Choices(file);
  assert.equal(choices.keep('task', 'fast'), 'fast');
  assert.equal(choices.get('task'), 'fast');
  assert.equal(choices.latest('another'), undefined);
  assert.equal(measuringText({ done: 1, total: 2 }), 'measuring convolutions 1/2 for this processor');
});

test('without home and variable images are kept in memory, and not on disk', async (t) => {
  withHome(t, nobody);
  await new ImageStore({ place: 'ram' }).close();
  assert.throws(
    () => new ImageStore({ place: 'disk' }),
    /^UserError: decoded images cannot be kept on disk: there is no home folder, and XDG_CACHE_HOME names no folder$/,
  );
});

test('without home and variable archives are indexed each time', (t) => {
  withHome(t, nobody);
  const cache = new IndexCache(indexFolder());
  cache.write('http://host/a.tar', { version: { length: 1, tag: '' }, samples: [], bad: [] });
  assert.match(cache.failure!, /^the index of archives cannot be kept: there is no home folder/);
  assert.equal(cache.read('http://host/a.tar'), undefined);
});
