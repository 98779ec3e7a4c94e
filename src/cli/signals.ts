import { constants } from 'node:os';
import { type MessagePort, parentPort } from 'node:worker_threads';
import { ignoresHangUp } from './hangUp.js';

/** A signal that requests a clean stop: from the keyboard, a supervisor, a closed terminal, or a cluster's launcher. */
export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGUSR2';

/** Those that the system has. */
const SIGNALS: readonly StopSignal[] = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  ...(process.platform === 'win32' ? [] : (['SIGUSR2'] as const)),
];

/**
 * Milliseconds in which another signal counts as the first: `timeout` signals its child and then the whole
 * group, a supervisor may send two kinds, and the message about the first one has not been read yet.
 */
const REPETITION = 100;

/** Whether this is a thread of a sweep, which gets signals as messages and must not end the process. */
export const isThread = parentPort !== null;

/**
 * Calls `onStop` at the first signal, so that work can be saved; a later one ends the process at once. In a thread of a sweep later ones
 * do nothing: the process is the whole sweep's.
 *
 * @param onAgain called at later ones instead
 * @returns a function that ends the watch
 */
export function watchSignals(
  onStop: (signal: StopSignal, exitCode: number) => void,
  onAgain: (signal: StopSignal) => void = isThread ? () => undefined : endBy,
): () => void {
  let first: number | undefined;
  const handle = (signal: StopSignal): void => {
    const now = performance.now();
    if (first !== undefined) {
      if (now - first >= REPETITION) onAgain(signal);
      return;
    }
    first = now;
    onStop(signal, 128 + constants.signals[signal]);
  };
  if (parentPort) return watchParent(parentPort, handle);
  const hangUp = ignoresHangUp() ? (): void => undefined : handle;
  const listenerOf = (signal: StopSignal): typeof handle => (signal === 'SIGHUP' ? hangUp : handle);
  for (const signal of SIGNALS) process.on(signal, listenerOf(signal));
  const end = (): void => {
    for (const signal of SIGNALS) process.off(signal, listenerOf(signal));
  };
  return () => {
    const left = first === undefined ? 0 : first + REPETITION - performance.now();
    // A repetition may come after the work has ended: it must not have its default effect either.
    if (left > 0) setTimeout(end, left).unref();
    else end();
  };
}

function watchParent(parent: MessagePort, handle: (signal: StopSignal) => void): () => void {
  const take = (signal: StopSignal): void => handle(signal);
  parent.on('message', take);
  // It must not keep a thread alive whose work has ended.
  parent.unref();
  return () => void parent.off('message', take);
}

/**
 * Ends the process with a signal, as if there were no listener. `process.exit` would wait for the native code of
 * an engine's worker, and ONNX Runtime would then fail in the half-closed process.
 */
export function endBy(signal: StopSignal): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
