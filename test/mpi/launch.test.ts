import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { uniformSource } from '../../src/random.js';
import { lockFolder } from '../../src/runs/folderLock.js';
import { onednnMissing } from '../support/onednn.js';
import { TRAINING, trainWithKills, weightsOf } from './kills.js';
import { LaunchUnderTest } from './launched.js';
import { type Launcher, launchers } from './support.js';

const missing = await onednnMissing();

function folder(t: TestContext): string {
  const cwd = mkdtempSync(join(tmpdir(), 'biasloss-launch-'));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  return cwd;
}

/** Whether a run has done an epoch. */
const hasSteps = (cwd: string): boolean => existsSync(join(cwd, 'run', 'best.safetensors'));

/** What holds of each launcher. */
const cases: Readonly<Record<string, (t: TestContext, launcher: Launcher) => Promise<void>>> = {
  'random kills of random ranks lose nothing': async (t, launcher) => {
    const cwd = folder(t);
    const draw = uniformSource(7, launcher.name);
    let drawn = 0;
    const settings = { ranks: 2, epochs: 3, random: () => draw(drawn++) };
    const whole = await trainWithKills(launcher, cwd, 'whole', { ...settings, kills: 0 });
    assert.equal(whole.code, 0, whole.stderr);
    const result = await trainWithKills(launcher, cwd, 'run', { ...settings, kills: 2 });
    assert.equal(result.code, 0, result.stderr);
    assert.equal(result.survivors, 0);
    assert.ok(result.killed.length > 0);
    for (const rank of result.killed)
      assert.match(result.stderr, new RegExp(`rank ${rank} of 2 was ended by SIGKILL`));
    assert.match(
      result.stderr,
      /starting all ranks again from (the last checkpoint|the beginning) \(1 of 2\)/,
    );
    assert.ok(weightsOf(join(cwd, 'run')).equals(weightsOf(join(cwd, 'whole'))));
  },

  'a run with a recipe is started again with the settings of the recipe': async (t, launcher) => {
    const cwd = folder(t);
    const recipe = ['--recipe', 'finetune'];
    const args = ['-n2', '--max-restarts=1', '--', ...TRAINING, ...recipe, '--epochs=4', '--run-dir=run'];
    const launch = new LaunchUnderTest(launcher, args, cwd);
    await launch.until(() => existsSync(join(cwd, 'run', 'last.safetensors')));
    process.kill(launch.ranks().get(1)!, 'SIGKILL');
    const { code, stderr } = await launch.ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /starting all ranks again from the last checkpoint \(1 of 1\)/);
  },

  'a signal saves, and the run resumes': async (t, launcher) => {
    const cwd = folder(t);
    const args = ['-n2', '--', ...TRAINING, '--epochs=500', '--run-dir=run'];
    const launch = new LaunchUnderTest(launcher, args, cwd);
    await launch.until(() => hasSteps(cwd));
    launch.child.kill('SIGINT');
    const { code, stderr } = await launch.ended;
    assert.equal(code, 130, stderr);
    assert.match(stderr, /SIGINT: the ranks finish the step and save/);
    assert.match(stderr, /resume with: biasloss launch -n 2 -- train --resume run/);
    assert.equal(launch.ranks().size, 0);
  },

  'a rank that hangs ends all within the timeout, and is named': async (t, launcher) => {
    const cwd = folder(t);
    const args = ['-n2', '--', ...TRAINING, '--epochs=500', '--run-dir=run', '--rank-timeout=10'];
    const launch = new LaunchUnderTest(launcher, args, cwd);
    await launch.until(() => hasSteps(cwd));
    process.kill(launch.ranks().get(1)!, 'SIGSTOP');
    const begin = performance.now();
    const { code, stderr } = await launch.ended;
    assert.ok(performance.now() - begin < 10_000 + 20_000, 'it took too long');
    assert.equal(code, 1, stderr);
    assert.match(stderr, /rank 0 of 2: no progress for 10 s since step \d+ of epoch \d+/);
    // Open MPI has a stopped rank go on before it ends it.
    assert.match(stderr, /rank 1 of 2( hangs, or cannot be reached|: the process was stopped for \d+ s)/);
    assert.equal(launch.ranks().size, 0);
  },

  'a disk that is full ends all ranks, and what was saved stays': async (t, launcher) => {
    if (spawnSync('prlimit', ['--version']).error) return t.skip('prlimit is not installed');
    const cwd = folder(t);
    const launch = new LaunchUnderTest(
      launcher,
      ['-n2', '--', ...TRAINING, '--epochs=500', '--run-dir=run'],
      cwd,
    );
    await launch.until(() => hasSteps(cwd));
    const limited = spawnSync('prlimit', ['--pid', String(launch.ranks().get(0)), '--fsize=1000']);
    assert.equal(limited.status, 0);
    const { code, stderr } = await launch.ended;
    assert.equal(code, 1, stderr);
    assert.match(
      stderr,
      /rank 0 of 2: .* cannot be written: .*resume with: biasloss launch -n 2 -- train --resume run/,
    );
    assert.equal(launch.ranks().size, 0);
    assert.ok(weightsOf(join(cwd, 'run')).length > 0);
  },

  'a folder with a run, or in use, is refused before anything is started, restarts or not': async (
    t,
    launcher,
  ) => {
    const cwd = folder(t);
    const ended = async (...args: string[]) =>
      new LaunchUnderTest(launcher, ['-n2', '--max-restarts=1', '--', ...TRAINING, ...args], cwd).ended;
    mkdirSync(join(cwd, 'run'));
    writeFileSync(join(cwd, 'run', 'config.json'), '{}');
    const there = await ended('--run-dir=run');
    assert.deepEqual(
      [there.code, there.stderr],
      [1, 'error: run already has a run: give --resume run to resume it, or another --run-dir\n'],
    );
    const lock = lockFolder(join(cwd, 'run'));
    for (const place of ['--run-dir=run', '--resume=run']) {
      const { code, stderr } = await ended(place);
      assert.equal(code, 1);
      assert.match(stderr, /^error: the run folder run is in use by process \d+; .*\n$/);
    }
    lock.release();
    assert.deepEqual(readdirSync(join(cwd, 'run')), ['config.json']);
    const none = await ended('--resume=none');
    assert.deepEqual([none.code, none.stderr], [1, 'error: there is no run folder runs/none\n']);
    assert.deepEqual(readdirSync(cwd), ['run']);
  },

  'a training that fails before its first checkpoint leaves no folder': async (t, launcher) => {
    const cwd = folder(t);
    const args = ['train', '--data=imagefolder', '--data-path=none', '--run-dir=run', '--rank-timeout=20'];
    const { code, stderr } = await new LaunchUnderTest(launcher, ['-n2', '--', ...args], cwd).ended;
    assert.equal(code, 1, stderr);
    assert.match(stderr, /rank [01] of 2: .*none/);
    assert.deepEqual(readdirSync(cwd), []);
  },

  'an empty folder stays that of a new run where ranks fail early, and say so': async (t, launcher) => {
    const cwd = folder(t);
    mkdirSync(join(cwd, 'run'));
    const args = ['-n2', '--max-restarts=1', '--', ...TRAINING, '--pretrained=none.pth', '--run-dir=run'];
    const { code, stderr } = await new LaunchUnderTest(launcher, args, cwd).ended;
    assert.equal(code, 1, stderr);
    const [first, second, ...more] = stderr.split(/^.*starting all ranks again from the beginning.*$/m);
    assert.deepEqual(more, []);
    for (const attempt of [first!, second!]) assert.match(attempt, /error: rank [01] of 2: .*none\.pth/);
    assert.doesNotMatch(stderr, /has no run|no rank said why/);
  },

  'wrong settings are one sentence, before anything is started': async (t, launcher) => {
    const cwd = folder(t);
    const ended = async (...args: string[]) => new LaunchUnderTest(launcher, args, cwd).ended;
    const odd = await ended('-n2', '--', 'train', '--data=synthetic', '--batch-size=15');
    assert.equal(odd.code, 2);
    assert.equal(
      odd.stderr,
      'error: --batch-size must be a multiple of the 2 ranks, which share a batch, not 15\n',
    );
    const other = await ended('-n2', '--', 'test', 'run');
    assert.equal(other.code, 2);
    assert.match(other.stderr, /launch starts train: biasloss launch -n 2 -- train …, not test/);
    const hosts = await ended('-n2', '--hosts=none.txt', '--', 'train');
    assert.equal(hosts.code, 2);
    assert.match(hosts.stderr, /--hosts none\.txt cannot be read/);
  },
};

for (const { skip, ...launcher } of launchers)
  describe(`biasloss launch with ${launcher.name}`, { skip: skip ?? missing }, () => {
    for (const [title, run] of Object.entries(cases)) test(title, (t) => run(t, launcher));
  });
