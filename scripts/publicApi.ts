/** Writes the names of the public API to test/publicApi.txt: `npm run api`, when a change of them is meant. */
import { writeFileSync } from 'node:fs';
import { publicApi } from './structure/publicApi.js';

writeFileSync(
  'test/publicApi.txt',
  publicApi({ biasloss: 'dist/src/index.d.ts', 'biasloss/browser': 'dist/src/browser.d.ts' }),
);
