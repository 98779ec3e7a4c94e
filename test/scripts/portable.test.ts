import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { portabilityErrors } from '../../scripts/structure/portable.js';
import { withFolder } from '../train/fixtures/tiny.js';

const own = JSON.parse(readFileSync('tsconfig.portable.json', 'utf8')) as { compilerOptions: object };

/** What the check says of one file under the options of tsconfig.portable.json. */
async function errorsOf(text: string): Promise<string[]> {
  return withFolder(async (folder) => {
    writeFileSync(join(folder, 'page.mts'), text);
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        ...{ extends: resolve('tsconfig.json'), files: ['page.mts'], include: [] },
        compilerOptions: { ...own.compilerOptions, rootDir: '/' },
      }),
    );
    return portabilityErrors(join(folder, 'tsconfig.json'));
  });
}

test('what uses Node is refused, what uses the web is not', async () => {
  assert.match((await errorsOf("import 'node:fs'; export const a = 1;")).join(), /page\.mts:1: .*node:fs/);
  assert.match(
    (await errorsOf('export const a = 1;\nexport const b = Buffer.alloc(1);')).join(),
    /page\.mts:2: .*Buffer/,
  );
  assert.match((await errorsOf('export const a = process.env;')).join(), /process/);
  assert.deepEqual(await errorsOf('export const a = new TextDecoder().decode(new Uint8Array(1));'), []);
});

test('types that bring in Node’s are refused, since everything would pass under them', async () => {
  const sharp = resolve('node_modules/sharp/dist/index.mjs');
  const errors = await errorsOf(`import type { Sharp } from '${sharp}'; export type A = Sharp;`);
  assert.equal(errors.length, 1);
  assert.match(errors[0]!, /brings in Node's types$/);
});
