/** Builds the studio's page into `dist/src/studio/site`: `node dist/scripts/buildWeb.js`, in the repository's root. */
import { resolve } from 'node:path';
import { build } from 'vite';

await build({
  configFile: false,
  root: resolve('src/studio/page'),
  base: './',
  publicDir: false,
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: resolve('dist/src/studio/site'),
    emptyOutDir: true,
    target: 'es2023',
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    license: { fileName: 'licenses.md' },
  },
});
