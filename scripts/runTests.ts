/**
 * Runs the compiled tests of given groups: `node dist/scripts/runTests.js [--] [shared|torch|browser|mpi|own]...`.
 * The list comes from the sources, so that a test that was deleted does not linger in `dist`.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/** Tests that need more than this repository: the shared reference data, PyTorch, a browser, a launcher of MPI’s. */
const EXTERNAL = ['shared', 'torch', 'browser', 'mpi'];

/** Tests whose processes share the machine as they are: a page or ranks beside other tests would wait for them. */
const ALONE = ['browser', 'mpi'];

const groups = process.argv.slice(2);
/** Files at a time. Most tests wait for processes that they have started, or compute on one thread. */
const atOnce = groups.some((group) => ALONE.includes(group)) ? 1 : Math.min(2, availableParallelism());
const groupOf = (file: string): string => EXTERNAL.find((name) => file.startsWith(`${name}/`)) ?? 'own';
const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.test.ts') && groups.includes(groupOf(file)))
  .sort()
  .map((file) => join('dist', 'test', file.replace(/\.ts$/, '.js')));
if (files.length === 0) throw new Error(`no tests in the groups ${groups.join(', ')}`);
const result = spawnSync(
  process.execPath,
  ['--test', '--test-reporter=spec', `--test-concurrency=${atOnce}`, ...files],
  {
    stdio: 'inherit',
  },
);
process.exitCode = result.status ?? 1;
