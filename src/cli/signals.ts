import { constants } from 'node:os';
import { ignoresHangUp } from './hangUp.js';

/** Signals that ask for an orderly end: from the keyboard, from a supervisor, from a terminal that was closed. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A signal that asks for an orderly end. */
export type StopSignal = (typeof SIGNALS)[number];

/**
 * Milliseconds in which another signal is a repetition of the first: `timeout` signals its child and then the
 * whole group, a supervisor may send two kinds, and nobody has read yet what the first one does.
 */
const REPETITION = 100;

/**
 * Calls `onStop` at the first signal, so that work can be saved; a later one ends the process at once.
 *
 * @returns what ends the watch
 */
export function watchSignals(onStop: (signal: StopSignal, exitCode: number) => void): () => void {
  let first: number | undefined;
  const handle = (signal: StopSignal): void => {
    const now = performance.now();
    if (first !== undefined) {
      if (now - first >= REPETITION) endBy(signal);
      return;
    }
    first = now;
    onStop(signal, 128 + constants.signals[signal]);
  };
  const hangUp = ignoresHangUp() ? (): void => undefined : handle;
  const listenerOf = (signal: StopSignal): typeof handle => (signal === 'SIGHUP' ? hangUp : handle);
  for (const signal of SIGNALS) process.on(signal, listenerOf(signal));
  return () => {
    for (const signal of SIGNALS) process.off(signal, listenerOf(signal));
  };
}

/**
 * Ends the process by a signal, as if nobody had listened for it. `process.exit` would wait for what an engine's
 * worker computes natively, and ONNX Runtime would then fail in the half-closed process.
 */
export function endBy(signal: StopSignal): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
