import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { publicApi } from '../../scripts/structure/publicApi.js';

test('the public names are those of test/publicApi.txt (npm run api writes it)', () => {
  const found = publicApi({ biasloss: 'dist/src/index.d.ts', 'biasloss/browser': 'dist/src/browser.d.ts' });
  assert.equal(found, readFileSync('test/publicApi.txt', 'utf8'));
  assert.match(found, /^ops\.relu: const$/m);
});
