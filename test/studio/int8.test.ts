/** Models in 8-bit integers: files of runs that the studio gives, and has made by a process. */
import assert from 'node:assert/strict';
import { symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Studio } from '../../src/studio/server/studio.js';
import { type Answer, ask, tell, withStudio, writeRun } from './fixtures/studio.js';

const PATH = '/api/model/int8?run=one';

/** Writes its output a moment later, and says for which checkpoint. */
const WRITING = `
const [, checkpoint, output] = process.argv;
setTimeout(() => {
  require('node:fs').writeFileSync(output, 'integers');
  console.log('as good as ' + require('node:path').basename(checkpoint));
}, 200);`;

/** The run replaces its checkpoint while that is exported. */
const OUTRUN = `
const [, checkpoint, output] = process.argv;
require('node:fs').writeFileSync(checkpoint, 'better weights');
setTimeout(() => require('node:fs').writeFileSync(output, 'integers'), 100);`;

const FAILING =
  "console.error('a notice\\nerror: there are no images to calibrate on'); process.exitCode = 1;";

/** Runs `body` with a studio whose exports a script makes, over a run with a checkpoint. */
function withRun(script: string, body: (studio: Studio, run: string, folder: string) => Promise<void>) {
  return withStudio(
    (studio, runs, folder) => {
      const run = writeRun(runs, 'one', { epochs: 2 });
      writeFileSync(join(run, 'best.safetensors'), 'weights');
      return body(studio, run, folder);
    },
    { int8: (checkpoint, output) => ['-e', script, checkpoint, output] },
  );
}

function given(studio: Studio): Promise<Answer> {
  return ask(studio, PATH, { headers: { authorization: `Bearer ${studio.token}` } });
}

async function refused(asked: Promise<Answer>, message: RegExp): Promise<void> {
  const { status, body } = await asked;
  assert.equal(status, 400, body);
  assert.match((JSON.parse(body) as { error: string }).error, message);
}

describe('a run’s model in 8-bit integers', () => {
  it('is exported when that is asked for, and then given, while it is up to date', () =>
    withRun(WRITING, async (studio, run) => {
      await refused(given(studio), /^the run has no best\.int8\.onnx: it has not been exported$/);
      const [made, other] = await Promise.all([tell(studio, PATH), tell(studio, PATH)]);
      const [first, second] = made!.status === 200 ? [made!, other!] : [other!, made!];
      assert.deepEqual(JSON.parse(first.body), { text: 'as good as best.safetensors' });
      assert.match(second.body, /another model is being exported: try again when it is done/);
      assert.equal((await given(studio)).body, 'integers');
      utimesSync(join(run, 'best.int8.onnx'), 1, 1);
      await refused(given(studio), /^best\.int8\.onnx is older than best\.safetensors: export it again$/);
    }));

  it('is out of date where the run has written another checkpoint meanwhile', () =>
    withRun(OUTRUN, async (studio) => {
      assert.equal((await tell(studio, PATH)).status, 200);
      await refused(given(studio), /^best\.int8\.onnx is older than best\.safetensors: export it again$/);
    }));

  it('needs the token and a checkpoint, and is no link out of the run', () =>
    withRun(WRITING, async (studio, run, folder) => {
      assert.equal((await ask(studio, PATH)).status, 401);
      assert.equal((await ask(studio, PATH, { method: 'POST' })).status, 401);
      await refused(tell(studio, '/api/model/int8?run=..'), /there is no run/);
      await refused(tell(studio, `${PATH}&which=last`), /^the run has no checkpoint yet$/);
      if (process.platform === 'win32') return;
      writeFileSync(join(folder, 'elsewhere'), 'secret');
      symlinkSync(join(folder, 'elsewhere'), join(run, 'best.int8.onnx'));
      await refused(given(studio), /symbolic link that leads out/);
    }));

  it('is not there when the export fails, for a reason that is told', () =>
    withRun(FAILING, async (studio) => {
      await refused(tell(studio, PATH), /^there are no images to calibrate on$/);
      await refused(given(studio), /has not been exported$/);
    }));
});
