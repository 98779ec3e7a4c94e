import { parentPort, Worker } from 'node:worker_threads';
import { errorMessage } from '../../../errors.js';
import type { OwnerEnd, WorkerEnd } from './port.js';

/** Starts a worker thread that runs a module. */
export function startThread(module: URL): OwnerEnd {
  const worker = new Worker(module, { execArgv: [] });
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    onMessage: (take) => worker.on('message', take),
    onEnd: (ended) => {
      worker.on('error', (error) => ended(`failed: ${errorMessage(error)}`));
      worker.on('messageerror', (error) => ended(`gave an answer that cannot be read: ${error.message}`));
      worker.on('exit', (code) => ended(`ended with code ${code}`));
    },
    hold: (awaited) => (awaited ? worker.ref() : worker.unref()),
    terminate: async () => {
      await worker.terminate();
    },
  };
}

/**
 * The end inside a worker thread.
 *
 * @throws Error outside of one
 */
export function threadEnd(): WorkerEnd {
  const port = parentPort;
  if (!port) throw new Error('this module only runs in a worker thread');
  return {
    post: (message, transfer) => port.postMessage(message, transfer),
    onMessage: (take) => port.on('message', take),
  };
}
