/**
 * What the engine computes on AVX2's processors, on those that could more: oneDNN's own variable makes it forgo
 * AVX512. On AVX2's processors, what it computes without kernels of our own.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createEngine } from '../../../src/engines/createEngine.js';
import { onednnMissing } from '../../support/onednn.js';

const CONFORMANCE = fileURLToPath(new URL('../conformance.test.js', import.meta.url));

function runConformance(pattern: string, environment: Readonly<Record<string, string>>): void {
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  const { stdout, status } = spawnSync(
    process.execPath,
    ['--test', '--test-reporter=tap', `--test-name-pattern=/${pattern}/`, CONFORMANCE],
    { env: { ...inherited, ...environment }, encoding: 'utf8', timeout: 120_000 },
  );
  assert.equal(status, 0, stdout.slice(-4000));
  assert.match(stdout, /^# pass [1-9]/m);
}

test('the other code of AVX2', { skip: await onednnMissing() }, async () => {
  const engine = await createEngine('onednn');
  await engine.close();
  const isAvx2 = engine.description.includes('AVX2');
  // Without kernels of our own batch normalisation is less exact than the cases ask for.
  if (isAvx2) runConformance('conv', { BIASLOSS_KERNELS: '0' });
  else runConformance('conv|batchNorm', { ONEDNN_MAX_CPU_ISA: 'AVX2' });
});
