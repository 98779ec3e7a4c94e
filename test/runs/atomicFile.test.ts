import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { UserError } from '../../src/errors.js';
import { removeUnfinished, writeFileAtomically } from '../../src/runs/atomicFile.js';
import { withFolder } from '../train/fixtures/tiny.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('writeFileAtomically', () => {
  it('writes all chunks, over an old file too, and leaves nothing else', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'file');
      await writeFileAtomically(path, [bytes('old and longer')]);
      await writeFileAtomically(path, [bytes('new'), bytes(''), bytes('er')]);
      assert.equal(readFileSync(path, 'utf8'), 'newer');
      assert.deepEqual(readdirSync(folder), ['file']);
    }));

  it('keeps the old contents when it fails half-way', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'file');
      await writeFileAtomically(path, [bytes('old')]);
      function* failing(): Generator<Uint8Array> {
        yield bytes('half');
        throw new UserError('no more');
      }
      await assert.rejects(writeFileAtomically(path, failing()), /^UserError: no more$/);
      assert.equal(readFileSync(path, 'utf8'), 'old');
      assert.deepEqual(readdirSync(folder), ['file']);
    }));

  it('names the file that cannot be written', () =>
    withFolder(async (folder) => {
      writeFileSync(join(folder, 'file'), '');
      mkdirSync(join(folder, 'taken', 'within'), { recursive: true });
      for (const path of [
        join(folder, 'file', 'below'),
        join(folder, 'missing', 'file'),
        join(folder, 'taken'),
      ])
        await assert.rejects(writeFileAtomically(path, [bytes('x')]), (error) => {
          assert.ok(error instanceof UserError);
          assert.ok(error.message.startsWith(`${path} cannot be written: `), error.message);
          return true;
        });
      assert.deepEqual(readdirSync(folder).sort(), ['file', 'taken']);
    }));
});

describe('removeUnfinished', () => {
  it('removes what a killed process left, and nothing else', () =>
    withFolder(async (folder) => {
      for (const name of ['.last.safetensors.123.tmp', 'last.safetensors', 'own.tmp', '.lock'])
        writeFileSync(join(folder, name), '');
      await removeUnfinished(folder);
      assert.deepEqual(readdirSync(folder).sort(), ['.lock', 'last.safetensors', 'own.tmp']);
    }));
});
