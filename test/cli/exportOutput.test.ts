/** Files that export must not replace. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { writeRunCheckpoint } from '../train/fixtures/runCheckpoint.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { SharedProcess } from './fixtures/sharedProcess.js';

const shared = new SharedProcess();
after(() => shared.close());

/** Runs `body` in a folder with a run's checkpoint `run/last.safetensors`, and a way to export, which gives what was said. */
function withRun(
  body: (cwd: string, run: (...args: string[]) => Promise<string>) => Promise<void>,
): Promise<void> {
  return withFolder(async (cwd) => {
    mkdirSync(join(cwd, 'run'));
    writeRunCheckpoint(join(cwd, 'run', 'last.safetensors'));
    await body(cwd, async (...args) => {
      const { code, stdout, stderr } = await shared.run(['export', ...args], cwd);
      assert.equal(code, stderr === '' ? 0 : 2, stderr);
      return stderr + stdout;
    });
  });
}

describe('export', () => {
  it('does not write over the checkpoint that it reads, whatever path leads there', () =>
    withRun(async (cwd, run) => {
      const before = readFileSync(join(cwd, 'run', 'last.safetensors'));
      const outputs = ['./run/last.safetensors', join(cwd, 'run', 'last.safetensors')];
      if (process.platform !== 'win32') {
        symlinkSync('run', join(cwd, 'link'));
        outputs.push('link/last.safetensors');
      }
      for (const output of outputs)
        assert.equal(
          await run('--checkpoint=run/last.safetensors', '--to=safetensors', `--output=${output}`),
          `error: ${output} is the checkpoint itself: give another --output\n`,
        );
      assert.deepEqual(readFileSync(join(cwd, 'run', 'last.safetensors')), before);
    }));

  it('does not write over a run’s checkpoint, but over what it wrote itself', () =>
    withRun(async (_, run) => {
      assert.match(await run('--checkpoint=run/last.safetensors', '--to=pth'), /^run\/last\.pth: /);
      assert.equal(
        await run('--checkpoint=run/last.pth', '--to=safetensors'),
        'error: run/last.safetensors is a checkpoint with the state of its training, which an export has not: give another --output\n',
      );
      const again = ['--checkpoint=run/last.pth', '--to=safetensors', '--output=a.safetensors'];
      for (let i = 0; i < 2; i++) assert.match(await run(...again), /^a\.safetensors: /);
    }));
});
