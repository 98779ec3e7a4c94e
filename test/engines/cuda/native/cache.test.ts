import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readCached, writeCached } from '../../../../src/engines/cache/cacheFile.js';
import { Choices } from '../../../../src/engines/cache/choices.js';

describe('files of the cache', () => {
  const folder = mkdtempSync(join(tmpdir(), 'biasloss-cuda-'));
  after(() => rmSync(folder, { recursive: true }));

  it('are read as they were written, in a folder that is made', () => {
    const path = join(folder, 'new', 'a');
    writeCached(path, Uint8Array.of(1, 2, 3));
    assert.deepEqual([...readCached(path)!], [1, 2, 3]);
    assert.deepEqual(readdirSync(join(folder, 'new')), ['a']);
  });

  it('that are missing, cut off, changed or foreign count as missing', () => {
    const path = join(folder, 'b');
    assert.equal(readCached(path), undefined);
    writeCached(path, new Uint8Array(100).fill(7));
    const whole = readFileSync(path);
    for (const length of [0, 10, 48, whole.length - 1]) {
      writeFileSync(path, whole.subarray(0, length));
      assert.equal(readCached(path), undefined, `${length} bytes`);
    }
    for (const place of [0, 20, whole.length - 1]) {
      const changed = Buffer.from(whole);
      changed[place]! ^= 1;
      writeFileSync(path, changed);
      assert.equal(readCached(path), undefined, `byte ${place}`);
    }
    writeFileSync(path, '{"choices": {}}');
    assert.equal(readCached(path), undefined);
  });

  it('that cannot be written are left out', () => {
    const path = join(folder, 'file');
    writeFileSync(path, '');
    writeCached(join(path, 'below'), Uint8Array.of(1));
    assert.equal(readCached(join(path, 'below')), undefined);
  });

  it('keep the choices of several processes', () => {
    const path = join(folder, 'choices');
    const [one, two] = [new Choices(path), new Choices(path)];
    one.set('a', 'first');
    two.set('b', 'second');
    const later = new Choices(path);
    assert.deepEqual([later.get('a'), later.get('b'), later.get('c')], ['first', 'second', undefined]);
    writeFileSync(path, 'damaged');
    assert.equal(new Choices(path).get('a'), undefined);
    one.set('c', 'third');
    assert.deepEqual([new Choices(path).get('a'), new Choices(path).get('c')], ['first', 'third']);
  });
});
