import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { UserError } from '../../src/errors.js';
import { lockFolder, lockOwner } from '../../src/runs/folderLock.js';
import { originOf } from '../../src/runs/processOrigin.js';
import { RunFolder } from '../../src/runs/runFolder.js';
import { withFolder } from '../train/fixtures/tiny.js';

const sentence =
  (pattern: RegExp) =>
  (error: unknown): true => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, pattern);
    return true;
  };

const parent = originOf(process.ppid);

/** A thread that locks a folder, and what it says. */
function lockingThread(folder: string): { readonly worker: Worker; readonly said: Promise<string> } {
  const worker = new Worker(new URL('./fixtures/lockingThread.js', import.meta.url), { workerData: folder });
  const said = new Promise<string>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  return { worker, said };
}

describe('RunFolder', () => {
  it('holds the configuration, and is refused to a second run', () =>
    withFolder(async (parent) => {
      const path = join(parent, 'runs', 'a');
      const folder = await RunFolder.create(path, { model: 'tiny' });
      assert.deepEqual(folder.readConfig(), { model: 'tiny' });
      await assert.rejects(RunFolder.create(path, {}), sentence(/is in use by process \d+; if that process/));
      writeFileSync(folder.file('last.safetensors'), '');
      folder.close();
      await assert.rejects(
        RunFolder.create(path, {}),
        sentence(/already has a run: give resume .* to resume it, or another runDir/),
      );
      assert.deepEqual(readdirSync(path).sort(), ['config.json', 'last.safetensors']);
      (await RunFolder.open(path)).close();
    }));

  it('of a run without a checkpoint goes away again, but other files and folders stay', () =>
    withFolder(async (parent) => {
      const own = await RunFolder.create(join(parent, 'own'), {});
      writeFileSync(own.file('metrics.csv'), '');
      own.close();
      assert.ok(!existsSync(own.path));
      mkdirSync(join(parent, 'old'));
      writeFileSync(join(parent, 'old', 'notes.txt'), '');
      const old = await RunFolder.create(join(parent, 'old'), {});
      writeFileSync(old.file('metrics.csv'), '');
      old.close();
      assert.deepEqual(readdirSync(join(parent, 'old')), ['notes.txt']);
    }));
});

describe('RunFolder, when it goes wrong', () => {
  it('that was closed is left to the next run', () =>
    withFolder(async (parent) => {
      const path = join(parent, 'run');
      const first = await RunFolder.create(path, {});
      first.close();
      const second = await RunFolder.create(path, {});
      first.close();
      assert.deepEqual(readdirSync(path).sort(), ['.lock', 'config.json']);
      second.close();
    }));

  it('that cannot be made is refused with its path', () =>
    withFolder(async (parent) => {
      writeFileSync(join(parent, 'file'), '');
      await assert.rejects(
        RunFolder.create(join(parent, 'file', 'run'), {}),
        sentence(/the run folder .*file\/run cannot be created: ENOTDIR/),
      );
    }));

  it('to go on with must be there and be one', () =>
    withFolder(async (parent) => {
      await assert.rejects(RunFolder.open(join(parent, 'none')), sentence(/there is no run folder .*none/));
      await assert.rejects(RunFolder.open(parent), sentence(/has no run: it has neither/));
      writeFileSync(join(parent, 'file'), '');
      await assert.rejects(RunFolder.open(join(parent, 'file')), sentence(/is not a folder/));
    }));

  it('loses what a killed process left unfinished', () =>
    withFolder(async (path) => {
      for (const name of ['config.json', '.last.safetensors.99.tmp']) writeFileSync(join(path, name), '');
      (await RunFolder.open(path)).close();
      assert.deepEqual(readdirSync(path), ['config.json']);
    }));
});

describe('RunFolder, when somebody has removed it', () => {
  it('is closed without complaint when somebody has removed it, so that what could not be written is told', () =>
    withFolder(async (parent) => {
      const folder = await RunFolder.create(join(parent, 'run'), {});
      rmSync(folder.path, { recursive: true });
      folder.close();
      assert.deepEqual(readdirSync(parent), []);
    }));
});

describe('lockFolder', () => {
  it('keeps a living process’s lock, and takes over a dead one’s', () =>
    withFolder(async (path) => {
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
      try {
        writeFileSync(join(path, '.lock'), `${child.pid} ${hostname()}\n`);
        assert.throws(() => lockFolder(path), sentence(new RegExp(`in use by process ${child.pid};`)));
      } finally {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await ended;
      }
      const lock = lockFolder(path);
      assert.ok(readFileSync(join(path, '.lock'), 'utf8').startsWith(`${process.pid} ${hostname()}`));
      lock.release();
      assert.ok(!existsSync(join(path, '.lock')));
    }));
});

describe('lockFolder, within a process', () => {
  it('keeps the lock of another thread', () =>
    withFolder(async (path) => {
      const thread = lockingThread(path);
      try {
        assert.equal(await thread.said, 'locked');
        assert.throws(() => lockFolder(path), sentence(new RegExp(`in use by process ${process.pid};`)));
      } finally {
        await thread.worker.terminate();
      }
      if (parent !== undefined) lockFolder(path).release();
    }));

  it('is refused to another thread', () =>
    withFolder(async (path) => {
      const lock = lockFolder(path);
      assert.match(await lockingThread(path).said, new RegExp(`in use by process ${process.pid};`));
      lock.release();
    }));

  it('releases a lock once, not the next one', () =>
    withFolder(async (path) => {
      const first = lockFolder(path);
      first.release();
      const second = lockFolder(path);
      first.release();
      assert.ok(existsSync(join(path, '.lock')));
      second.release();
      assert.ok(!existsSync(join(path, '.lock')));
    }));

  it('tells its own lock without an origin from that of an earlier process with its number', () =>
    withFolder(async (path) => {
      const lock = join(path, '.lock');
      writeFileSync(lock, `${process.pid} ${hostname()}\n`);
      assert.throws(() => lockFolder(path), sentence(/in use by process/));
      utimesSync(lock, 0, 0);
      lockFolder(path).release();
    }));
});

describe('lockFolder, where nobody can be asked', () => {
  it('keeps a lock of another machine, whose processes it cannot see', () =>
    withFolder(async (path) => {
      writeFileSync(join(path, '.lock'), '1 another-host\n');
      assert.throws(() => lockFolder(path), sentence(/in use by process 1 on another-host/));
    }));

  it('takes over a lock that was cut off while it was written', () =>
    withFolder(async (path) => {
      const lock = join(path, '.lock');
      writeFileSync(lock, '');
      // It may be just being written: only links make it whole at once, which not every file system has.
      assert.throws(() => lockFolder(path), sentence(/in use by another process; if that process is not/));
      utimesSync(lock, 0, 0);
      lockFolder(path).release();
    }));
});

describe('lockFolder, where the system says when a process was started', () => {
  it(
    'tells a process from another that has got its number, and knows a machine by another name',
    {
      skip: parent === undefined && 'the system does not say when a process was started',
    },
    () =>
      withFolder(async (path) => {
        const { boot, space, ticks } = parent!;
        const isKept = (lock: string): boolean => {
          writeFileSync(join(path, '.lock'), `${lock}\n`);
          const owner = lockOwner(path);
          if (owner) assert.throws(() => lockFolder(path), sentence(/in use by process/));
          else lockFolder(path).release();
          return owner !== undefined;
        };
        const [pid, host] = [process.ppid, hostname()];
        assert.ok(isKept(`${pid} ${host} ${boot}/${space}/${ticks}`));
        assert.ok(!isKept(`${pid} ${host} ${boot}/${space}/1`), 'another process has the number');
        assert.ok(isKept(`${pid} old-name ${boot}/${space}/${ticks}`), 'the machine was given another name');
        assert.ok(!isKept(`99999999 old-name ${boot}/${space}/1`), 'and the process has ended');
        assert.ok(!isKept(`${pid} ${host} another-boot/${space}/${ticks}`), 'the machine was started again');
        assert.ok(isKept(`${pid} another-host another-boot/${space}/${ticks}`), 'another machine');
        assert.ok(!isKept(`${pid} ${host} ${boot}/pid:[1]/1`), 'the container was started again');
        assert.ok(isKept(`${pid} ${host}`), 'a lock of an older version');
      }),
  );
});
