import { type ChildProcess, spawn } from 'node:child_process';
import { UserError } from '../../src/errors.js';

/**
 * Runs `body` while a process computes on one processor.
 *
 * @param processor its number, from 0
 * @throws UserError where there is no `taskset`, or no such processor
 */
export async function besideNeighbour<T>(processor: number, body: () => Promise<T>): Promise<T> {
  const child = spawn('taskset', ['-c', String(processor), process.execPath, '-e', 'for (;;);'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const failed = failureOf(child, processor);
  try {
    return await Promise.race([body(), failed]);
  } finally {
    child.kill('SIGKILL');
  }
}

function failureOf(child: ChildProcess, processor: number): Promise<never> {
  const failed = new Promise<never>((_, reject) => {
    child.on('error', (error) =>
      reject(new UserError(`taskset, of util-linux, cannot be run: ${error.message}`)),
    );
    child.on('exit', (code, signal) => {
      if (signal !== 'SIGKILL')
        reject(new UserError(`no process can compute on processor ${processor}: taskset ended with ${code}`));
    });
  });
  // Nobody may be waiting any more.
  failed.catch(() => undefined);
  return failed;
}
