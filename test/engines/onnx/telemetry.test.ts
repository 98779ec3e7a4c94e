import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

/** Variables by which ONNX Runtime tells that it is being tested, and is quiet by itself. */
const CI_VARIABLES =
  /^(CI|GITHUB_ACTIONS|TF_BUILD|JENKINS_URL|BUILD_.*|ORT_.*|CODEBUILD_.*|TRAVIS|CIRCLECI)$/;

test('ONNX Runtime leaves nothing in the home folder', async () => {
  const home = mkdtempSync(join(tmpdir(), 'biasloss-home-'));
  const inherited = Object.entries(process.env).filter(([name]) => !CI_VARIABLES.test(name));
  const env = { ...Object.fromEntries(inherited), HOME: home, XDG_CACHE_HOME: join(home, 'cache') };
  const module = JSON.stringify(new URL('../../../src/engines/createEngine.js', import.meta.url).href);
  const script = `await (await (await import(${module})).createEngine('onnx', { threads: 1 })).close();`;
  try {
    await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env });
    assert.deepEqual(readdirSync(home, { recursive: true }), []);
  } finally {
    rmSync(home, { recursive: true });
  }
});
