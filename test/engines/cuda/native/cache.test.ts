import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
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
    assert.deepEqual([one.get('b'), one.latest('b'), one.latest('c')], [undefined, 'second', undefined]);
    writeFileSync(path, 'damaged');
    assert.equal(new Choices(path).get('a'), undefined);
    one.set('c', 'third');
    assert.deepEqual([new Choices(path).get('a'), new Choices(path).get('c')], ['first', 'third']);
  });
});

describe('a file of the cache', () => {
  const folder = mkdtempSync(join(tmpdir(), 'biasloss-cuda-'));
  after(() => rmSync(folder, { recursive: true }));

  it('may be written by several threads at a time', async () => {
    const path = join(folder, 'by threads');
    const module = new URL('../../../../src/engines/cache/cacheFile.js', import.meta.url);
    const code = `import(${JSON.stringify(module.href)}).then(({ writeCached }) => {
      const { workerData } = require('node:worker_threads');
      for (let i = 0; i < 200; i++) writeCached(workerData.path, new Uint8Array(workerData.length).fill(i));
    });`;
    const threads = [20_000, 30_000, 40_000].map(
      (length) => new Worker(code, { eval: true, workerData: { path, length } }),
    );
    let running = threads.length;
    const ended = threads.map((thread) => once(thread, 'exit').then(() => running--));
    let reads = 0;
    while (running > 0) {
      await new Promise((resolve) => setTimeout(resolve));
      const found = readCached(path);
      if (found === undefined) assert.equal(reads, 0, 'a file that was there is damaged');
      else reads++;
    }
    await Promise.all(ended);
    assert.deepEqual(readdirSync(folder), ['by threads']);
    assert.ok(readCached(path)!.every((byte) => byte === 199));
  });
});
