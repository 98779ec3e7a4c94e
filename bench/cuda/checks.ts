import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const test = fileURLToPath(new URL('../../test/engines/cuda/card.test.js', import.meta.url));

/**
 * Runs the tests of the engine on the card: every conformance case in f32 and bf16 beside the reference engine, and that equal steps
 * give equal bits. What fails is printed.
 *
 * @returns whether all pass
 */
export function checkOnCard(): Promise<boolean> {
  // Kernels compile on these threads; plans of hundreds of small programs are not timed.
  const env = { ...process.env, UV_THREADPOOL_SIZE: String(availableParallelism()), BIASLOSS_TUNE: 'off' };
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--test', '--test-reporter=dot', test], {
      env,
      stdio: ['ignore', 2, 2],
    });
    child.on('error', reject);
    child.on('close', (code) => resolve(code === 0));
  });
}
