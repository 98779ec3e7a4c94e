import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { withFolder } from '../train/fixtures/tiny.js';

const MANIFEST = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');

test('the package holds the compiled sources and the written documents, not tests and generated pages', () =>
  withFolder(async (cwd) => {
    const kept = [
      'CHANGELOG.md',
      'dist/src/cli/main.js',
      'dist/src/index.js',
      'docs/library.md',
      'README.md',
    ];
    const others = ['dist/test/a.test.js', 'docs/api/index.html', 'src/index.ts', 'runs/a/last.safetensors'];
    for (const name of [...kept, ...others]) {
      mkdirSync(join(cwd, dirname(name)), { recursive: true });
      writeFileSync(join(cwd, name), '');
    }
    writeFileSync(join(cwd, 'package.json'), MANIFEST);
    // Without its scripts, which build the package in its own folder.
    const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
    const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
    assert.deepEqual(files.map(({ path }) => path).sort(), [...kept, 'package.json'].sort());
  }));

test('the package is built before it is packed, without maps of sources that are not in it', () => {
  const { scripts } = JSON.parse(MANIFEST) as { scripts: Readonly<Record<string, string>> };
  assert.match(
    scripts.prepack!,
    /run --silent clean && tsc -p tsconfig.json --sourceMap false && node dist\/scripts\/buildWeb.js$/,
  );
});
