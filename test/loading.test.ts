import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Loads a module in a process of its own, and tells what that loaded: with a hook that counts. */
function loadedBy(module: string): { files: number; packages: string[] } {
  const url = new URL(`../src/${module}`, import.meta.url).href;
  const hooks = `data:text/javascript,${encodeURIComponent(
    'import { writeSync } from "node:fs"; export async function load(url, context, next) { writeSync(1, url + "\\n"); return next(url, context); }',
  )}`;
  const register = `data:text/javascript,${encodeURIComponent(
    `import { register } from 'node:module'; register(${JSON.stringify(hooks)});`,
  )}`;
  const args = ['--import', register, '--input-type=module', '-e', `await import(${JSON.stringify(url)})`];
  const { stdout, status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const files = stdout.split('\n').filter((line) => line.startsWith('file:'));
  const packages = files.flatMap(
    (file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(fileURLToPath(file))?.[1] ?? [],
  );
  return { files: files.length, packages: [...new Set(packages)].sort() };
}

test('importing the library loads no image decoder, archive reader or runtime', () => {
  const { files, packages } = loadedBy('index.js');
  assert.deepEqual(packages, ['@bufbuild/protobuf']);
  assert.ok(files > 50 && files < 500, `${files} files`);
});

test('importing what runs in a page loads nothing of Node', () => {
  const { packages } = loadedBy('browser.js');
  assert.deepEqual(packages, ['@bufbuild/protobuf']);
});
