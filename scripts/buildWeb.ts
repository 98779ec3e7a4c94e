/**
 * Builds the pages: `node dist/scripts/buildWeb.js`, in the repository's root. The studio's goes to `dist/src/studio/site`, with the
 * page of an exported model in `page/`; a static site, with onnxruntime-web's files, to `dist/web`.
 */
import { copyFileSync, cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build, type Plugin } from 'vite';
import type { PageFiles } from '../src/studio/pageFiles.js';
import { findWebRuntime, packagedName, RUNTIME_FILES } from '../src/studio/server/webRuntime.js';

const PAGES = 'src/studio/page';
const STUDIO = resolve('dist/src/studio/site');
const WEB = resolve('dist/web');

/** onnxruntime-web is not bundled: scripts in `assets/` load it from `ort/`, so that it fits the WebAssembly beside it. */
const runtimeApart: Plugin = {
  name: 'runtime-apart',
  enforce: 'pre',
  resolveId: (id) => {
    const [, which] = /^onnxruntime-web\/(wasm|webgpu)$/.exec(id) ?? [];
    return which === undefined ? undefined : { id: `../ort/ort.${which}.min.js`, external: true };
  },
};

/** Builds the page of a folder of sources. */
async function buildPage(root: string, outDir: string): Promise<void> {
  await build({
    configFile: false,
    root: resolve(root),
    base: './',
    publicDir: false,
    logLevel: 'warn',
    plugins: [runtimeApart],
    worker: {
      format: 'es',
      plugins: () => [runtimeApart],
      rolldownOptions: { checks: { pluginTimings: false } },
    },
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2023',
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      license: { fileName: 'licenses.md' },
      rolldownOptions: { checks: { pluginTimings: false } },
    },
  });
}

/** Lists the files of the page of an exported model, for those who copy it. */
function listFiles(folder: string): void {
  const page = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) =>
      join(parentPath, name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    )
    .sort();
  const files: PageFiles = { page, runtime: RUNTIME_FILES.wasm };
  writeFileSync(join(folder, 'files.json'), `${JSON.stringify(files)}\n`);
}

/** Puts onnxruntime-web's files beside the static site. */
function copyRuntime(folder: string): void {
  const runtime = findWebRuntime()!;
  mkdirSync(folder, { recursive: true });
  for (const name of [...RUNTIME_FILES.wasm, ...RUNTIME_FILES.webgpu])
    copyFileSync(join(runtime, packagedName(name)), join(folder, name));
}

await buildPage(PAGES, STUDIO);
await buildPage(join(PAGES, 'model'), join(STUDIO, 'page'));
listFiles(join(STUDIO, 'page'));
await buildPage(join(PAGES, 'site'), WEB);
cpSync(join(STUDIO, 'page'), join(WEB, 'page'), { recursive: true });
copyRuntime(join(WEB, 'ort'));
