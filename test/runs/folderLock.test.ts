import assert from 'node:assert/strict';
import fs, {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, it, mock } from 'node:test';
import { UserError } from '../../src/errors.js';
import { lockFolder } from '../../src/runs/folderLock.js';
import { RunFolder } from '../../src/runs/runFolder.js';
import { biasloss, TRAIN_QUICK } from '../cli/fixtures/process.js';
import { withFolder } from '../train/fixtures/tiny.js';

const LIVING = `${process.ppid} ${hostname()}\n`;
const DEAD = `99999999 ${hostname()}\n`;

const inUse = (error: unknown): boolean =>
  error instanceof UserError && /is in use by process/.test(error.message);
const isLost = (error: unknown): boolean =>
  error instanceof UserError && /is no longer this process's: /.test(error.message);

/** Runs `body` with a function of the file system in place of the real one. */
async function withFs<K extends 'linkSync' | 'renameSync'>(
  name: K,
  replacement: (real: (typeof fs)[K]) => (typeof fs)[K],
  body: () => void | Promise<void>,
): Promise<void> {
  mock.method(fs, name, replacement(fs[name]));
  syncBuiltinESMExports();
  try {
    await body();
  } finally {
    mock.restoreAll();
    syncBuiltinESMExports();
  }
}

describe('a lock that two processes want', () => {
  it('is not taken from the one that has just taken it over from a dead one', () =>
    withFolder(async (folder) => {
      const path = join(folder, '.lock');
      writeFileSync(path, DEAD);
      let isFirst = true;
      const afterOther =
        (real: typeof renameSync): typeof renameSync =>
        (from, to) => {
          if (isFirst) writeFileSync(path, LIVING);
          isFirst = false;
          real(from, to);
        };
      await withFs('renameSync', afterOther, () => {
        assert.throws(() => lockFolder(folder), inUse);
      });
      assert.ok(!isFirst);
      assert.deepEqual([readdirSync(folder), readFileSync(path, 'utf8')], [['.lock'], LIVING]);
    }));

  it('is whole as soon as it is there', () =>
    withFolder(async (folder) => {
      const path = join(folder, '.lock');
      const seen: [boolean, string][] = [];
      const watched =
        (real: typeof fs.linkSync): typeof fs.linkSync =>
        (own, to) => {
          seen.push([existsSync(path), readFileSync(own, 'utf8')]);
          real(own, to);
        };
      await withFs('linkSync', watched, () => {
        const lock = lockFolder(folder);
        assert.deepEqual(seen, [[false, readFileSync(path, 'utf8')]]);
        assert.match(seen[0]![1], new RegExp(`^${process.pid} .*\n$`));
        lock.release();
      });
      assert.deepEqual(readdirSync(folder), []);
    }));

  it('is one’s own where the file system has no links, too', () =>
    withFolder(async (folder) => {
      const without = () => (): void => {
        throw Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' });
      };
      await withFs('linkSync', without, () => {
        writeFileSync(join(folder, '.lock'), DEAD);
        const lock = lockFolder(folder);
        assert.throws(() => lockFolder(folder), inUse);
        lock.expectHeld();
        lock.release();
        writeFileSync(join(folder, '.lock'), LIVING);
        assert.throws(() => lockFolder(folder), inUse);
      });
      assert.deepEqual(readdirSync(folder), ['.lock']);
    }));
});

/** Milliseconds after an epoch's line in which the run writes; the next epoch takes several times as long. */
const QUIET = 40;

/** Waits where nothing may be awaited. */
function waitFor(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

describe('a lock that is held', () => {
  it('is taken again where it was only removed', () =>
    withFolder((folder) => {
      const lock = lockFolder(folder);
      rmSync(join(folder, '.lock'));
      lock.expectHeld();
      assert.throws(() => lockFolder(folder), inUse);
      lock.release();
      assert.ok(!lock.isHeld());
      assert.deepEqual(readdirSync(folder), []);
      return Promise.resolve();
    }));

  it('is lost with its folder, whose name may be another’s', () =>
    withFolder(async (parent) => {
      const [path, moved] = [join(parent, 'run'), join(parent, 'moved')];
      const first = await RunFolder.create(path, { is: 'first' });
      first.expectHeld();
      renameSync(path, moved);
      assert.throws(() => first.expectHeld(), isLost);
      const second = await RunFolder.create(path, { is: 'second' });
      assert.throws(() => first.expectHeld(), isLost);
      first.close();
      second.expectHeld();
      assert.deepEqual(second.readConfig(), { is: 'second' });
      second.close();
      assert.deepEqual(readdirSync(parent), ['moved']);
    }));
});

describe('a run that trains, without its folder', () => {
  it('ends before it writes into another’s', () =>
    withFolder(async (cwd) => {
      const [path, moved] = [join(cwd, 'run'), join(cwd, 'moved')];
      const flags = ['--limit-train=512', '--epochs=200', '--run-dir=run'];
      const { code, stderr } = await biasloss([...TRAIN_QUICK, ...flags], {
        cwd,
        onOutput: (stdout) => {
          if (existsSync(moved) || !/epoch +1\/200 /.test(stdout)) return;
          waitFor(QUIET);
          renameSync(path, moved);
          mkdirSync(path);
        },
      });
      assert.equal(code, 1);
      assert.match(stderr, /error: run is no longer this process's: [^\n]*\n$/);
      assert.deepEqual(readdirSync(path), []);
      assert.ok(existsSync(join(moved, 'last.safetensors')));
    }));

  it('says that it is gone', () =>
    withFolder(async (cwd) => {
      const { code, stderr } = await biasloss([...TRAIN_QUICK, '--epochs=200', '--run-dir=run'], {
        cwd,
        onOutput: (stdout) => {
          if (existsSync(join(cwd, 'run')) && /epoch +1\/200 /.test(stdout))
            renameSync(join(cwd, 'run'), join(cwd, 'moved'));
        },
      });
      assert.equal(code, 1);
      assert.match(stderr, /error: run is no longer this process's: [^\n]*\n$/);
      assert.deepEqual(readdirSync(cwd), ['moved']);
    }));
});
