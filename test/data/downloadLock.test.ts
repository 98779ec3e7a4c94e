/** The lock by which one of several processes downloads a file. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { withLock } from '../../src/data/download/downloadLock.js';
import { temporaryFolder } from './support/folder.js';

const MODULE = new URL('../../src/data/download/downloadLock.js', import.meta.url).href;

test('one at a time has a lock, and the others wait', async (t) => {
  const path = join(temporaryFolder(t), 'lock');
  let inside = 0;
  let looks = 0;
  const act = async (): Promise<number> => {
    assert.equal(++inside, 1);
    assert.ok(existsSync(path));
    await sleep(150);
    inside--;
    return 7;
  };
  const onWait = (): void => void looks++;
  const all = Array.from({ length: 4 }, () => withLock(path, act, { onWait }));
  assert.deepEqual(await Promise.all(all), [7, 7, 7, 7]);
  assert.ok(looks > 0);
  assert.deepEqual(readdirSync(join(path, '..')), []);
});

test('a lock is released when what was done under it fails', async (t) => {
  const path = join(temporaryFolder(t), 'lock');
  await assert.rejects(
    withLock(path, () => Promise.reject(new Error('no'))),
    /^Error: no$/,
  );
  assert.equal(await withLock(path, () => Promise.resolve(1)), 1);
});

test('the lock of a process that was killed is taken over, that of a living one is not', async (t) => {
  const path = join(temporaryFolder(t), 'lock');
  const hold = `(await import(${JSON.stringify(MODULE)})).withLock(process.argv[1], () => new Promise(() => setInterval(() => {}, 1000)))`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', hold, path], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  while (!existsSync(path)) await sleep(20);
  let isDone = false;
  const act = (): Promise<void> => {
    isDone = true;
    return Promise.resolve();
  };
  const done = withLock(path, act, { deadMs: 3000 });
  // Longer than a process that gives no sign of life has.
  await sleep(4000);
  assert.equal(isDone, false);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await done;
  assert.equal(isDone, true);
});

test('the lock of another machine is taken over if it shows no sign of life', async (t) => {
  const path = join(temporaryFolder(t), 'lock');
  writeFileSync(path, '1 another-machine 0123\n');
  const start = performance.now();
  const ways = Array.from({ length: 3 }, () => withLock(path, () => sleep(50), { deadMs: 400 }));
  await Promise.all(ways);
  assert.ok(performance.now() - start > 400);
  assert.deepEqual(readdirSync(join(path, '..')), []);
});
