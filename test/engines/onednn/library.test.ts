import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { loadLibrary } from '../../../src/engines/onednn/library.js';
import { UserError } from '../../../src/errors.js';
import { isMissing } from '../../support/onednn.js';

describe('a library that BIASLOSS_ONEDNN names', () => {
  const folder = mkdtempSync(join(tmpdir(), 'biasloss-onednn-'));
  after(() => rmSync(folder, { recursive: true }));

  /** The one sentence that is thrown, which is not that of a library that is missing. */
  function refusal(path: string): string {
    try {
      loadLibrary({ BIASLOSS_ONEDNN: path });
    } catch (error) {
      assert.ok(error instanceof UserError);
      assert.ok(!isMissing(error), error.message);
      assert.ok(error.message.includes(path), error.message);
      assert.ok(!error.message.includes('\n'), error.message);
      return error.message;
    }
    assert.fail(`${path} was taken`);
  }

  test('does not exist', () =>
    assert.match(
      refusal(join(folder, 'absent.so')),
      /^BIASLOSS_ONEDNN names .*absent\.so, which does not exist$/,
    ));

  test('is no library', () => {
    const path = join(folder, 'text.so');
    writeFileSync(path, 'not an object file');
    assert.match(refusal(path), /which cannot be loaded: /);
  });

  test('is another library', { skip: process.platform !== 'linux' && 'libm.so.6 is Linux’s' }, () =>
    assert.match(refusal('libm.so.6'), /^libm\.so\.6 is not oneDNN/),
  );
});
