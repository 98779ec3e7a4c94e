import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bombs } from './bombs.js';

/** Most that memory may rise: a few times the 8 MB of these files, and the pickle reader's fixed bound on objects. */
const MAX_MEGABYTES = 256;
const MAX_MS = 10_000;
const program = fileURLToPath(new URL('./bombProcess.js', import.meta.url));

interface Report {
  readonly outcome: string;
  readonly milliseconds: number;
  readonly megabytes: number;
}

describe('files that ask for more than their size', { concurrency: 2 }, () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'biasloss-bombs-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const [name, { format, make }] of Object.entries(bombs)) {
    it(name, async (context) => {
      const path = join(folder, name);
      writeFileSync(path, make());
      const { stdout } = await promisify(execFile)(process.execPath, [program, format, path]);
      const { outcome, milliseconds, megabytes } = JSON.parse(stdout) as Report;
      context.diagnostic(`${megabytes.toFixed(0)} MB, ${milliseconds.toFixed(0)} ms: ${outcome}`);
      assert.ok(outcome.length < 500, outcome);
      assert.ok(milliseconds < MAX_MS, `took ${milliseconds} ms: ${outcome}`);
      assert.ok(megabytes < MAX_MEGABYTES, `took ${megabytes} MB: ${outcome}`);
    });
  }
});
