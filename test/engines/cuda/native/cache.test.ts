import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { readCached, writeCached } from '../../../../src/engines/cache/cacheFile.js';
import { Choices } from '../../../../src/engines/cache/choices.js';
import { countsFrom } from '../../../../src/engines/cache/tuneMode.js';

describe('files of the cache', () => {
  const folder = mkdtempSync(join(tmpdir(), 'biasloss-cuda-'));
  after(() => rmSync(folder, { recursive: true }));

  it('are read as they were written, in a folder that is made', () => {
    const path = join(folder, 'new', 'a');
    assert.equal(writeCached(path, Uint8Array.of(1, 2, 3)), true);
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

  it('that cannot be written are left out, which is told', () => {
    const path = join(folder, 'file');
    writeFileSync(path, '');
    assert.equal(writeCached(join(path, 'below'), Uint8Array.of(1)), false);
    assert.equal(readCached(join(path, 'below')), undefined);
  });
});

describe('files of choices', () => {
  const folder = mkdtempSync(join(tmpdir(), 'biasloss-cuda-'));
  after(() => rmSync(folder, { recursive: true }));

  it('keep those of several processes', () => {
    const path = join(folder, 'choices');
    const [one, two] = [new Choices(path), new Choices(path)];
    one.keep('a', 'first');
    two.keep('b', 'second');
    const later = new Choices(path);
    assert.deepEqual([later.get('a'), later.get('b'), later.get('c')], ['first', 'second', undefined]);
    assert.deepEqual([one.get('b'), one.latest('b'), one.latest('c')], [undefined, 'second', undefined]);
    writeFileSync(path, 'damaged');
    assert.equal(new Choices(path).get('a'), undefined);
    one.keep('c', 'third');
    assert.deepEqual([new Choices(path).get('a'), new Choices(path).get('c')], ['first', 'third']);
  });

  it('keep the first choice for the same, until it was looked up and did not do', () => {
    const path = join(folder, 'first');
    const [one, two] = [new Choices(path), new Choices(path)];
    assert.deepEqual([one.keep('a', 'first'), two.keep('a', 'second')], ['first', 'first']);
    assert.deepEqual([two.get('a'), new Choices(path).get('a')], ['first', 'first']);
    assert.equal(two.keep('a', 'second'), 'second');
    assert.equal(new Choices(path).get('a'), 'second');
  });
});

describe('odd files of the cache', () => {
  it('are not tried for ever in /proc', { skip: !existsSync('/proc/self') && 'needs /proc' }, () => {
    const url = new URL('../../../../src/engines/cache/cacheFile.js', import.meta.url).href;
    const script = `const { writeCached } = await import(${JSON.stringify(url)});
      console.log(writeCached('/proc/x/biasloss/onednn/a', Uint8Array.of(1)));`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      ...{ encoding: 'utf8', timeout: 120_000 },
    });
    assert.equal(stdout, 'false\n');
  });

  it('whose choices are none count as missing, each for itself', (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'biasloss-cuda-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'none');
    for (const text of ['null', '[', '[1]', '"a"', '7', '']) {
      writeCached(path, Buffer.from(text));
      assert.equal(new Choices(path).get('a'), undefined, text);
    }
    const kept = { a: null, b: 'fast', c: { choice: 'slow', at: 1 }, d: { choice: 1, at: 1 }, e: [], f: 3 };
    writeCached(path, Buffer.from(JSON.stringify(kept)));
    const choices = new Choices(path);
    const names = Object.keys(kept);
    assert.deepEqual(
      names.map((name) => choices.get(name)),
      [undefined, 'fast', 'slow', undefined, undefined, undefined],
    );
    assert.equal(choices.keep('a', 'new'), 'new');
    assert.deepEqual([new Choices(path).get('a'), new Choices(path).get('c')], ['new', 'slow']);
  });
});

describe('choices from a time on', () => {
  const folder = mkdtempSync(join(tmpdir(), 'biasloss-cuda-'));
  after(() => rmSync(folder, { recursive: true }));

  it('do not count older ones, which stay for others', async () => {
    const path = join(folder, 'choices');
    new Choices(path).setAll([
      ['a', 'old'],
      ['b', 'old'],
    ]);
    await sleep(5);
    const since = Date.now();
    const [one, two] = [new Choices(path, since), new Choices(path, since)];
    assert.deepEqual([one.get('a'), one.latest('a'), two.latest('b')], [undefined, undefined, undefined]);
    one.keep('a', 'new');
    assert.deepEqual([two.latest('a'), two.latest('b')], ['new', undefined]);
    assert.equal(new Choices(path, Number.POSITIVE_INFINITY).latest('a'), undefined);
    const all = new Choices(path);
    assert.deepEqual([all.get('a'), all.get('b')], ['new', 'old']);
  });

  it('are read as earlier versions wrote them, which say no times', () => {
    const path = join(folder, 'earlier');
    writeCached(path, Buffer.from('{"a":"old"}'));
    assert.equal(new Choices(path).get('a'), 'old');
    assert.equal(new Choices(path, 1).latest('a'), undefined);
    new Choices(path).keep('b', 'new');
    assert.deepEqual([new Choices(path).get('a'), new Choices(path, 1).get('b')], ['old', 'new']);
  });

  it('are those since the process began, in all of its threads, where all is measured again', async () => {
    const module = new URL('../../../../src/engines/cache/tuneMode.js', import.meta.url);
    const code = `import(${JSON.stringify(module.href)}).then(({ countsFrom }) =>
      require('node:worker_threads').parentPort.postMessage(countsFrom('refresh')));`;
    await sleep(200);
    const [inThread] = await once(new Worker(code, { eval: true }), 'message');
    assert.ok(Math.abs(Number(inThread) - countsFrom('refresh')) < 100);
    assert.ok(Date.now() - countsFrom('refresh') >= 200);
    assert.equal(countsFrom('on'), 0);
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
