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

/** Groups whose tests compute on all processors: two of them at once would wait for each other's threads. */
const COMPUTING = ['browser', 'mpi'];

/**
 * Threads of oneDNN's that have nothing to do sleep after microseconds, as beside a second test they would only take its processor:
 * a step on two threads is then ten times as slow.
 */
const CALM = { GOMP_SPINCOUNT: '2000' };

/** No test depends on what was measured on this machine, or on its load; those of measuring say so themselves. */
const REPEATABLE = { BIASLOSS_TUNE: 'off', BIASLOSS_THREADS: '1' };

const groups = process.argv.slice(2);
const groupOf = (file: string): string => EXTERNAL.find((name) => file.startsWith(`${name}/`)) ?? 'own';
const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.test.ts') && groups.includes(groupOf(file)))
  .sort();
if (files.length === 0) throw new Error(`no tests in the groups ${groups.join(', ')}`);
const computes = (file: string): boolean => COMPUTING.includes(groupOf(file));
const statuses = [
  run(
    files.filter((file) => !computes(file)),
    Math.min(2, availableParallelism()),
  ),
  run(files.filter(computes), 1),
];
process.exitCode = statuses.find((status) => status !== 0) ?? 0;

/** Runs files, so many at a time. Returns the exit status. */
function run(sources: readonly string[], atOnce: number): number {
  if (sources.length === 0) return 0;
  const compiled = sources.map((file) => join('dist', 'test', file.replace(/\.ts$/, '.js')));
  const args = ['--test', '--test-reporter=spec', `--test-concurrency=${atOnce}`, ...compiled];
  return (
    spawnSync(process.execPath, args, { stdio: 'inherit', env: { ...CALM, ...REPEATABLE, ...process.env } })
      .status ?? 1
  );
}
