import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { UserError } from '../../../src/errors.js';
import { tar } from './cifar.js';
import { temporaryFolder } from './folder.js';
import { plainImage } from './images.js';
import { RangeServer } from './rangeServer.js';

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

/** Archives of six images each, on a server and in a folder. */
export async function served(
  t: TestContext,
  names: readonly string[],
): Promise<{ server: RangeServer; folder: string }> {
  const server = await RangeServer.start(t);
  const folder = temporaryFolder(t);
  for (const [at, name] of names.entries()) {
    const files: Record<string, Uint8Array> = {};
    for (let i = 0; i < 6; i++) {
      files[`${at}${i}.png`] = await plainImage('png', [40 * i, 20 * at, i], 20);
      if (i % 2 === 0) files[`${at}${i}.cls`] = text(String(i % 3));
      else files[`${at}${i}.json`] = text(JSON.stringify({ label: i % 3, note: 'x'.repeat(700) }));
    }
    const bytes = await tar(files);
    server.files.set(`/set/${name}`, { bytes, etag: `"${name}"` });
    mkdirSync(join(folder, 'set'), { recursive: true });
    writeFileSync(join(folder, 'set', name), bytes);
  }
  return { server, folder };
}

/** Expects a sentence that matches all patterns. */
export const refused = (act: Promise<unknown>, ...patterns: RegExp[]): Promise<void> =>
  assert.rejects(act, (error) => {
    assert.ok(error instanceof UserError, String(error));
    for (const pattern of patterns) assert.match(error.message, pattern);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
