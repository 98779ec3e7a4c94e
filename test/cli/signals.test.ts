import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readCheckpoint } from '../../src/runs/checkpoint.js';
import { RunFolder } from '../../src/runs/runFolder.js';
import { TRAIN_DEFAULTS } from '../../src/runs/settings/table.js';
import { Samples } from '../support/samples.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { biasloss, type Ended, eventsOf, runFiles, TRAIN_QUICK, TRAIN_SMALL } from './fixtures/process.js';

const TRAIN = [...TRAIN_SMALL, '--epochs=3', '--run-dir=run', '--log-format=json'] as const;
/** One whose end is not compared. */
const QUICK = [...TRAIN_QUICK, '--epochs=3', '--run-dir=run', '--log-format=json'] as const;
const RESUME = ['train', '--resume=run', '--log-format=json', '--no-report'] as const;

/** Runs and sends signals, the first when the output first has the text. */
function signalled(
  cwd: string,
  args: readonly string[],
  text: string,
  signals: readonly NodeJS.Signals[],
): Promise<Ended> {
  let sent = false;
  return biasloss(args, {
    cwd,
    onOutput: (stdout, child) => {
      if (sent || !stdout.includes(text)) return;
      sent = true;
      // Not at once: a signal that another of its kind waits for is lost.
      for (const [i, signal] of signals.entries()) setTimeout(() => child.kill(signal), 50 * i);
    },
  });
}

/** What a run came to, but for times and the configuration's paths. */
function outcome(cwd: string): unknown {
  const { tensors, training } = readCheckpoint(join(cwd, 'run', 'last.safetensors'));
  const rows = readFileSync(join(cwd, 'run', 'metrics.csv'), 'utf8')
    .trim()
    .split('\n');
  const columns = rows.map((row) => row.split(',').slice(0, 10).join(','));
  return { tensors, progress: training!.progress, columns };
}

describe('signals', () => {
  it('SIGINT and SIGTERM save and end with 130 and 143; going on gives bit for bit the same run', () =>
    withFolder(async (whole) => {
      assert.equal((await biasloss(TRAIN, { cwd: whole })).code, 0);
      await withFolder(async (cwd) => {
        const first = await signalled(cwd, TRAIN, '"event":"checkpoint"', ['SIGINT']);
        assert.equal(first.code, 130, first.stderr);
        assert.match(
          first.stderr,
          /^{"event":"notice","text":"SIGINT: finishing the step and saving; press again or repeat the signal to end at once"}\n/,
        );
        assert.match(first.stderr, /"text":"resume with: biasloss train --resume run"}\n$/);
        assert.equal(eventsOf(first.stdout).at(-1)!.event, 'interrupted');
        const second = await signalled(cwd, RESUME, '"event":"epoch"', ['SIGTERM']);
        assert.equal(second.code, 143, second.stderr);
        const last = await biasloss(RESUME, { cwd });
        assert.equal(last.code, 0, last.stderr);
        assert.deepEqual(outcome(cwd), outcome(whole));
        assert.deepEqual(runFiles(join(cwd, 'run')), runFiles(join(whole, 'run')));
      });
    }));

  it('a second one ends the process at once, in the middle of a long step', () =>
    withFolder(async (cwd) => {
      const sizes = ['--batch-size=512', '--limit-train=1024', '--limit-test=32', '--run-dir=run'];
      const flags = ['--data=synthetic', '--model=resnet18', '--engine=onnx', '--threads=1', ...sizes];
      let sent = 0;
      const ended = await biasloss(['train', ...flags, '--log-format=json'], {
        cwd,
        onOutput: (stdout, child) => {
          if (sent > 0 || !stdout.includes('"event":"checkpoint"')) return;
          sent = performance.now() + 3700;
          setTimeout(() => child.kill('SIGINT'), 3000);
          setTimeout(() => child.kill('SIGINT'), 3700);
        },
      });
      assert.equal(ended.signal, 'SIGINT', `${ended.code} ${ended.stderr}`);
      assert.ok(performance.now() - sent < 1500, 'it waited for the step');
      assert.ok(!ended.stdout.includes('"event":"interrupted"'));
      readCheckpoint(join(cwd, 'run', 'last.safetensors'));
    }));

  it('a second one within a tenth of a second is a repetition, as `timeout` sends it', () =>
    withFolder(async (cwd) => {
      const args = [...QUICK, '--run-dir=my run'];
      const ended = await signalled(cwd, args, '"event":"checkpoint"', ['SIGTERM', 'SIGTERM']);
      assert.equal(ended.code, 143, `${ended.signal} ${ended.stderr}`);
      assert.equal(eventsOf(ended.stdout).at(-1)!.event, 'interrupted');
      assert.ok(!existsSync(join(cwd, 'my run', '.lock')));
      assert.match(ended.stderr, /"text":"resume with: biasloss train --resume 'my run'"}\n$/);
    }));
});

describe('SIGHUP', () => {
  it('saves and ends with 129', () =>
    withFolder(async (cwd) => {
      const ended = await signalled(cwd, QUICK, '"event":"checkpoint"', ['SIGHUP']);
      assert.equal(ended.code, 129, ended.stderr);
      assert.equal(eventsOf(ended.stdout).at(-1)!.event, 'interrupted');
    }));

  const ignoring = { nohup: 'nohup "$@"; exit $?', 'a shell that ignores it': `trap '' HUP; "$@"; exit $?` };
  for (const [what, shell] of Object.entries(ignoring)) {
    it(`is left alone under ${what}`, () =>
      withFolder(async (cwd) => {
        let sent = false;
        const ended = await biasloss(QUICK, {
          cwd,
          shell,
          onOutput: (stdout) => {
            if (sent || !stdout.includes('"event":"checkpoint"')) return;
            sent = true;
            const [pid] = readFileSync(join(cwd, 'run', '.lock'), 'utf8').split(' ');
            process.kill(Number(pid), 'SIGHUP');
          },
        });
        assert.equal(ended.code, 0, `${ended.signal} ${ended.stderr}`);
        assert.equal(eventsOf(ended.stdout).at(-1)!.event, 'result');
      }));
  }

  it('of a terminal that was closed saves, though nothing can be printed any more', (t) =>
    withFolder(async (cwd) => {
      if (spawnSync('script', ['--version']).status !== 0) {
        t.skip('needs the command script');
        return;
      }
      // `script` makes a terminal, which is gone when it is killed.
      const shell = `printf -v line '%q ' "$@"; exec script -qfc "exec $line" /dev/null`;
      let pid = 0;
      const ended = await biasloss(QUICK, {
        cwd,
        shell,
        onOutput: (stdout, child) => {
          if (pid > 0 || !stdout.includes('"event":"checkpoint"')) return;
          pid = Number(readFileSync(join(cwd, 'run', '.lock'), 'utf8').split(' ')[0]);
          child.kill('SIGKILL');
        },
      });
      assert.equal(ended.signal, 'SIGKILL');
      for (let tries = 0; tries < 200 && existsSync(join(cwd, 'run', '.lock')); tries++) await sleep(50);
      const log = readFileSync(join(cwd, 'run', 'log.jsonl'), 'utf8');
      assert.equal(eventsOf(log).at(-1)!.event, 'interrupted');
    }));
});

describe('SIGKILL', () => {
  it('at random moments leaves a checkpoint to go on from, and the run comes to the same end', () =>
    withFolder(async (whole) => {
      const often = [...TRAIN, '--checkpoint-seconds=0'];
      assert.equal((await biasloss(often, { cwd: whole })).code, 0);
      const samples = new Samples(`kill ${Date.now()}`);
      await withFolder(async (cwd) => {
        let steps = -1;
        for (let kills = 0; kills < 6; kills++) {
          const args = kills === 0 ? often : [...RESUME, '--checkpoint-seconds=0'];
          let timer: NodeJS.Timeout | undefined;
          const ended = await biasloss(args, {
            cwd,
            onOutput: (stdout, child) => {
              // Before the first checkpoint there is none to go on from: the test below.
              if (kills === 0 && !stdout.includes('"event":"checkpoint"')) return;
              timer ??= setTimeout(() => child.kill('SIGKILL'), samples.uniform(0, 900));
            },
          });
          clearTimeout(timer);
          const { globalStep } = readCheckpoint(join(cwd, 'run', 'last.safetensors')).training!.progress;
          assert.ok(globalStep >= steps, 'a checkpoint is older than the one before');
          steps = globalStep;
          if (ended.code === 0) break;
          assert.equal(ended.signal, 'SIGKILL', ended.stderr);
        }
        const last = await biasloss(RESUME, { cwd });
        assert.equal(last.code, 0, last.stderr);
        assert.deepEqual(outcome(cwd), outcome(whole));
        assert.deepEqual(runFiles(join(cwd, 'run')), runFiles(join(whole, 'run')));
      });
    }));

  it('before the first checkpoint leaves a run that starts again', () =>
    withFolder(async (cwd) => {
      const folder = await RunFolder.create(join(cwd, 'run'), {
        ...TRAIN_DEFAULTS,
        ...{ data: 'synthetic', ratio: 0.5, batchSize: 16, limitTrain: 64, limitTest: 32, engine: 'onnx' },
        epochs: 1,
      });
      assert.ok(!folder.hasCheckpoint());
      // What SIGKILL leaves: the configuration, and the lock of a process that is gone.
      const { pid } = spawnSync(process.execPath, ['--version']);
      writeFileSync(folder.file('.lock'), `${pid} ${hostname()}\n`);
      const ended = await biasloss(RESUME, { cwd });
      assert.equal(ended.code, 0, ended.stderr);
      assert.equal(eventsOf(ended.stdout)[0]!.epoch, 1);
    }));
});
