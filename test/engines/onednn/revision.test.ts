/** The engine's description says which build it is, so that a run that another one saved is resumed with a notice. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createEngine } from '../../../src/engines/createEngine.js';
import { digestOf, revision } from '../../../src/engines/onednn/revision.js';
import { onednnMissing } from '../../support/onednn.js';

test('a digest changes with the scripts of a folder and those in it, and with nothing else', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'biasloss-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  mkdirSync(join(folder, 'kernels'));
  write('plan.js', 'a');
  write('kernels/sum.js', 'b');
  const before = digestOf(folder);
  assert.match(before, /^[0-9a-f]{6}$/);
  write('plan.js.map', 'c');
  write('plan.d.ts', 'd');
  assert.equal(digestOf(folder), before);
  write('kernels/sum.js', 'e');
  const after = digestOf(folder);
  assert.notEqual(after, before);
  write('kernels/other.js', '');
  assert.notEqual(digestOf(folder), after);
});

test('the engine’s description has it', { skip: await onednnMissing() }, async () => {
  const engine = await createEngine('onednn', { threads: 1 });
  const { description } = engine;
  await engine.close();
  assert.ok(description.includes(`, engine build ${revision()}, `), description);
});
