import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readCheckpoint } from '../../src/runs/checkpoint.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { biasloss, type Ended, eventsOf, TRAIN_QUICK } from './fixtures/process.js';

const TRAIN = [...TRAIN_QUICK, '--epochs=3', '--run-dir=run', '--log-format=json'] as const;
const FULL = 'ENOSPC: no space left on device, write';
/** Linux's device that is always full. */
const skip = existsSync('/dev/full') ? false : 'needs /dev/full';

/** What a run that was stopped in order leaves. */
function assertStopped(cwd: string, { code, stderr }: Ended, expected: number, message: string): void {
  assert.equal(code, expected, stderr);
  const lines = stderr.split('\n');
  const notices = lines.slice(0, -1).map((line) => JSON.parse(line) as { event: string; text: string });
  assert.deepEqual(notices[0], { event: 'notice', text: `${message}: finishing the step and saving` });
  assert.equal(notices.at(-1)!.text, 'resume with: biasloss train --resume run');
  assert.ok(!stderr.includes('    at '), 'a stack trace');
  assert.ok(!existsSync(join(cwd, 'run', '.lock')), 'the lock is left');
  const { epoch } = readCheckpoint(join(cwd, 'run', 'last.safetensors')).training!.progress;
  assert.ok(epoch < 3, 'it was not stopped');
}

describe('output that nobody reads any more', () => {
  it('stops a training in order, with 141 as after SIGPIPE; the run can go on', () =>
    withFolder(async (cwd) => {
      const ended = await biasloss(TRAIN, { cwd, shell: `"$@" | head -n 1; exit \${PIPESTATUS[0]}` });
      assertStopped(cwd, ended, 141, 'standard output is closed');
      assert.deepEqual(
        eventsOf(ended.stdout).map(({ event }) => event),
        ['start'],
      );
      assert.equal((await biasloss(['train', '--resume=run', '--epochs=1', '--no-report'], { cwd })).code, 0);
    }));

  it('ends another command without a word', async () => {
    const command = ['info', '--model=resnet18'];
    const { code, stderr } = await biasloss(command, { shell: `"$@" | true; exit \${PIPESTATUS[0]}` });
    assert.deepEqual([code, stderr], [0, '']);
  });
});

describe('output that cannot be written', { skip }, () => {
  it('is one sentence and 1 as the exit code', async () => {
    const { code, stderr } = await biasloss(['info', '--model=resnet18'], { shell: '"$@" > /dev/full' });
    assert.deepEqual([code, stderr], [1, `error: standard output cannot be written: ${FULL}\n`]);
  });

  it('stops a training in order', () =>
    withFolder(async (cwd) => {
      const ended = await biasloss(TRAIN, { cwd, shell: '"$@" > /dev/full' });
      assertStopped(cwd, ended, 1, `standard output cannot be written: ${FULL}`);
    }));
});
