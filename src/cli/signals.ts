import { constants } from 'node:os';

/** A watch for SIGINT and SIGTERM. */
export interface SignalWatch {
  /** Exit code of the signal that came (130 for SIGINT, 143 for SIGTERM), if one did. */
  readonly exitCode: number | undefined;
  /** Stops watching. */
  end(): void;
}

/**
 * Calls `onStop` at the first SIGINT or SIGTERM, so that work can be saved; a second one ends the
 * process at once.
 */
export function watchSignals(onStop: (signal: 'SIGINT' | 'SIGTERM') => void): SignalWatch {
  let exitCode: number | undefined;
  const handlers = (['SIGINT', 'SIGTERM'] as const).map((signal) => {
    const handler = (): void => {
      const code = 128 + constants.signals[signal];
      if (exitCode !== undefined) process.exit(code);
      exitCode = code;
      onStop(signal);
    };
    process.on(signal, handler);
    return [signal, handler] as const;
  });
  return {
    get exitCode() {
      return exitCode;
    },
    end: () => {
      for (const [signal, handler] of handlers) process.off(signal, handler);
    },
  };
}
