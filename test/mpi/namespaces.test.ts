import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { Namespaces } from '../../bench/ranks/namespaces.js';
import { onednnMissing } from '../support/onednn.js';
import { TRAINING } from './kills.js';
import { LaunchUnderTest } from './launched.js';
import { type Launcher, launchers } from './support.js';

const missing = await onednnMissing();

/** Two machines, as MPI sees them, or the reason why there are none. */
async function machines(t: TestContext): Promise<Namespaces | string> {
  if (process.platform !== 'linux' || userInfo().uid !== 0)
    return 'network namespaces need Linux and its root';
  const namespaces = new Namespaces();
  t.after(() => namespaces.close());
  try {
    await namespaces.make();
    return namespaces;
  } catch (error) {
    return `network namespaces cannot be made here: ${error instanceof Error ? error.message : error}`;
  }
}

/** Trains on both machines, and kills a rank in the middle of it. */
async function killed(t: TestContext, namespaces: Namespaces, launcher: Launcher, rank: number) {
  const cwd = mkdtempSync(join(tmpdir(), 'biasloss-namespaces-'));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  writeFileSync(join(cwd, 'hosts.txt'), namespaces.hosts.map((host) => `${host}:1\n`).join(''));
  const kind = launcher.name === 'MPICH' ? 'Hydra' : 'Open MPI';
  const place = {
    env: namespaces.environment({ kind }),
    wrap: (command: readonly string[]) => namespaces.inFirst(command),
  };
  const args = ['-n2', '--hosts=hosts.txt', '--', ...TRAINING, '--epochs=500', '--run-dir=run'];
  const launch = new LaunchUnderTest(launcher, args, cwd, place);
  await launch.until(() => existsSync(join(cwd, 'run', 'best.safetensors')));
  process.kill(launch.ranks().get(rank)!, 'SIGKILL');
  const ended = await launch.ended;
  return { ...ended, survivors: launch.ranks().size };
}

for (const { skip, ...launcher } of launchers)
  describe(`${launcher.name} between two machines`, { skip: skip ?? missing }, () => {
    test('a rank of the other machine that is killed is named, and so is the machine', async (t) => {
      const namespaces = await machines(t);
      if (typeof namespaces === 'string') return t.skip(namespaces);
      const { code, stderr, survivors } = await killed(t, namespaces, launcher, 1);
      assert.equal(code, 137, stderr);
      const [, second] = namespaces.hosts;
      assert.match(stderr, new RegExp(`^error: rank 1 of 2 was ended by SIGKILL on ${second}`, 'm'));
      assert.ok(!stderr.includes('\x1e'));
      assert.doesNotMatch(stderr, /HYD_|HYDT_|Killed/);
      assert.equal(survivors, 0);
    });
  });
