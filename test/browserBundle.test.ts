import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { bundlePage } from './browser/fixtures/bundle.js';

/** Bytes, compressed, of everything but onnxruntime-web's WebAssembly. */
const MOST = 200_000;

test('all of biasloss/browser with its worker bundles into less than 200 kB compressed', async () => {
  const files = await bundlePage();
  const names = files.map(({ name }) => name);
  assert.ok(names.includes('page.js') && names.includes('worker.js'), names.join());
  const bytes = files.reduce((total, { contents }) => total + gzipSync(contents).length, 0);
  assert.ok(bytes > 50_000 && bytes < MOST, `${bytes} bytes in ${names.join()}`);
});
