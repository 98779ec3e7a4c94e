import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withThreadsVariable } from '../runs/threads/fixtures/threadsVariable.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { biasloss, SMALL } from './fixtures/process.js';

const FIND = ['find-lr', ...SMALL, '--steps=25', '--from=1e-4', '--batch-size=8'];

const WRONG: [args: string[], message: RegExp][] = [
  [['--from=0'], /^error: --from must be a number above 0, not 0\n$/],
  [['--from=2', '--to=1'], /^error: --to must be above --from 2, not 1\n$/],
  [['--resume=run'], /unknown option '--resume=run'\n/],
  [['--patience=0'], /^error: --patience must be a whole number of at least 1, not 0\n$/],
  [['--steps=5'], /^error: --steps must be a whole number of at least 20, not 5\n$/],
  [['--output=curve.png'], /^error: --output takes the name of a \.svg file, not curve\.png\n$/],
];

describe('biasloss find-lr', () => {
  it('prints a rate, draws the curve, and leaves nothing else', () =>
    withFolder(async (cwd) => {
      const text = await biasloss(FIND, { cwd });
      assert.equal(text.code, 0, text.stderr);
      const [, rate] = /^suggested: --base-lr (\S+) /.exec(text.stdout)!;
      assert.deepEqual(readdirSync(cwd), ['find-lr.svg']);
      const svg = readFileSync(join(cwd, 'find-lr.svg'), 'utf8');
      assert.ok(svg.includes(`suggested: ${rate}`) && svg.includes('1e-4') && svg.includes('learning rate'));
    }));

  it('takes the threads of BIASLOSS_THREADS', () =>
    withThreadsVariable('many', () =>
      withFolder(async (cwd) => {
        const { code, stderr } = await biasloss([...FIND, '--threads=auto'], { cwd });
        assert.match(
          stderr,
          /^error: BIASLOSS_THREADS must be auto or a whole number from 1 to \d+, not "many"\n$/,
        );
        assert.equal(code, 1);
      }),
    ));

  it('refuses what is wrong in a sentence', () =>
    withFolder(async (cwd) => {
      for (const [args, message] of WRONG) {
        const { code, stderr } = await biasloss([...FIND, ...args], { cwd });
        assert.match(stderr, message);
        assert.equal(code, 2, args.join(' '));
      }
    }));
});
