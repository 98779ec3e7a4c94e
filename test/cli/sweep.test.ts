import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withThreadsVariable } from '../runs/threads/fixtures/threadsVariable.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { biasloss } from './fixtures/process.js';

const SETTINGS = {
  data: 'synthetic',
  model: 'shufflenetv2',
  ratio: 0.5,
  limitTrain: 16,
  limitTest: 8,
  batchSize: 8,
  engine: 'onnx',
  epochs: 1,
};

const WRONG: [args: string[], message: RegExp][] = [
  [['none.json'], /^error: the sweep none\.json cannot be read as JSON: ENOENT[^\n]*\n$/],
  [['bad.json', '--parallel=0'], /^error: option '--parallel <n>' argument '0' is invalid\. [^\n]*\n$/],
  [[], /^error: missing required argument 'file'\n$/],
];

interface State {
  readonly runs: Readonly<Record<string, { readonly state: string; readonly problem?: string }>>;
}

describe('biasloss sweep', () => {
  it('trains every run, compares them, and trains what failed again', () =>
    withFolder(async (cwd) => {
      const file = join(cwd, 'losses.json');
      writeFileSync(
        file,
        JSON.stringify({
          settings: SETTINGS,
          configurations: [{ loss: 'ce' }, { loss: 'bias', classWeights: 'weights.json' }],
        }),
      );
      const stateOf = (name: string) =>
        (JSON.parse(readFileSync(join(cwd, 'runs/losses/sweep.json'), 'utf8')) as State).runs[name]!;
      const sweep = () => biasloss(['sweep', 'losses.json', '--parallel', '2'], { cwd });
      const first = await sweep();
      assert.equal(first.code, 1);
      assert.match(first.stdout, /1\/2 {2}loss-ce_seed-0: done/);
      assert.match(first.stdout, /failed: .*weights\.json cannot be read/);
      assert.match(first.stderr, /^error: 1 of 2 runs failed; the same command tries them again\n$/);
      assert.equal(stateOf('loss-ce_seed-0').state, 'done');

      writeFileSync(join(cwd, 'weights.json'), JSON.stringify(Array(10).fill(1)));
      const second = await sweep();
      assert.equal(second.code, 0, second.stderr);
      assert.doesNotMatch(second.stdout, /loss-ce_seed-0: done/);
      assert.match(second.stdout, /mean ± standard deviation over seeds/);
      const csv = readFileSync(join(cwd, 'runs/losses/sweep.csv'), 'utf8').trim().split('\n');
      assert.equal(csv.length, 3);
      assert.match(readFileSync(join(cwd, 'runs/losses/sweep.md'), 'utf8'), /\| loss-ce_seed-0 \|/);
    }));

  it('stops when its time is up, with the runs saved', () =>
    withFolder(async (cwd) => {
      writeFileSync(join(cwd, 'long.json'), JSON.stringify({ settings: { ...SETTINGS, epochs: 2000 } }));
      const { code, stderr } = await biasloss(['sweep', 'long.json', '--budget', '12s'], { cwd });
      assert.equal(code, 0, stderr);
      assert.match(stderr, /the time is up: [^\n]*\n1 of 1 runs lack epochs; the same command [^\n]*\n$/);
      const { runs } = JSON.parse(readFileSync(join(cwd, 'runs/long/sweep.json'), 'utf8')) as State;
      assert.deepEqual(
        Object.values(runs).map(({ state }) => state),
        ['open'],
      );
      assert.ok(existsSync(join(cwd, 'runs/long/seed-0/last.safetensors')));
    }));

  it('checks every run before the first', () =>
    withFolder(async (cwd) => {
      writeFileSync(join(cwd, 'bad.json'), JSON.stringify({ vary: { baseLr: [0.1, -1] } }));
      const { code, stderr, stdout } = await biasloss(['sweep', 'bad.json'], { cwd });
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.match(stderr, /^error: bad\.json: the run baseLr--1_seed-0: baseLr must be .*, not -1\n$/);
      for (const [args, message] of WRONG) {
        const wrong = await biasloss(['sweep', ...args], { cwd });
        assert.match(wrong.stderr, message);
        assert.equal(wrong.code, 2, args.join(' '));
      }
      assert.deepEqual(readdirSync(cwd), ['bad.json']);
    }));
});

it('biasloss sweep gives its runs the threads of BIASLOSS_THREADS', () =>
  withThreadsVariable('3', () =>
    withFolder(async (cwd) => {
      writeFileSync(join(cwd, 'one.json'), JSON.stringify({ settings: SETTINGS }));
      const { code, stderr } = await biasloss(['sweep', 'one.json', '--parallel', '2'], { cwd });
      assert.equal(code, 0, stderr);
      const [run] = readdirSync(join(cwd, 'runs/one'), { withFileTypes: true }).filter(
        (each) => each.isDirectory() && existsSync(join(cwd, 'runs/one', each.name, 'config.json')),
      );
      const config = readFileSync(join(cwd, 'runs/one', run!.name, 'config.json'), 'utf8');
      assert.equal(JSON.parse(config).threads, 3);
    }),
  ));
