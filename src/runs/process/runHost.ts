import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';

/** Where a training runs that is started with arguments of Node.js. */
export interface RunHost {
  /** What it prints. */
  readonly output: readonly Readable[];
  /** Resolves when it has ended: undefined if it went well, else how, such as `exit code 1`. */
  readonly ended: Promise<string | undefined>;
  /** Asks it to stop after the current step, with its state saved. */
  interrupt(): void;
}

/** Starts a training. @param args of Node.js: the file of the command line, and its arguments */
export type StartHost = (args: readonly string[]) => RunHost;

/** In a process of its own. */
export const inProcess: StartHost = (args) => {
  // A group of its own: the terminal's Ctrl-C is for whoever started it, which stops its runs.
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  return {
    output: [child.stdout, child.stderr],
    ended: new Promise((resolve) => {
      child.on('error', (error) => resolve(`an error: ${error.message}`));
      child.on('close', (code, signal) => resolve(howEnded(code, signal)));
    }),
    interrupt: () => void child.kill('SIGINT'),
  };
};

/**
 * In a thread of this process, which several trainings on one card need: kernels of different processes take turns there, and those of
 * one process run at the same time.
 */
export const inThread: StartHost = ([file, ...argv]) => {
  const worker = new Worker(file!, { argv, execArgv: [], stdout: true, stderr: true });
  let failure: string | undefined;
  return {
    output: [worker.stdout, worker.stderr],
    ended: new Promise((resolve) => {
      worker.on('error', (error) => {
        failure = `an error: ${error.message}`;
      });
      worker.on('exit', (code) => resolve(failure ?? howEnded(code, null)));
    }),
    interrupt: () => worker.postMessage('SIGINT'),
  };
};

function howEnded(code: number | null, signal: string | null): string | undefined {
  if (signal !== null) return signal;
  return code === 0 ? undefined : `exit code ${code}`;
}
