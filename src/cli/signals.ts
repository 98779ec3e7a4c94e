import { constants } from 'node:os';

/** Signals that ask for an orderly end: from the keyboard, from a supervisor, from a terminal that was closed. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A signal that asks for an orderly end. */
export type StopSignal = (typeof SIGNALS)[number];

/** A watch for signals. */
export interface SignalWatch {
  /** Exit code of the signal that came (130 for SIGINT, 143 for SIGTERM), if one did. */
  readonly exitCode: number | undefined;
  /** Stops watching. */
  end(): void;
}

/**
 * Calls `onStop` at the first signal, so that work can be saved; a second one ends the process at once.
 */
export function watchSignals(onStop: (signal: StopSignal, exitCode: number) => void): SignalWatch {
  let exitCode: number | undefined;
  const handle = (signal: StopSignal): void => {
    const code = 128 + constants.signals[signal];
    if (exitCode !== undefined) process.exit(code);
    exitCode = code;
    onStop(signal, code);
  };
  for (const signal of SIGNALS) process.on(signal, handle);
  return {
    get exitCode() {
      return exitCode;
    },
    end: () => {
      for (const signal of SIGNALS) process.off(signal, handle);
    },
  };
}
