import type { RunFolder } from '../runs/runFolder.js';
import type { StartedRun } from '../runs/startRun.js';
import { LAUNCH_VARIABLE } from './launch/launchVariable.js';
import { printNotice, watchOutput } from './output.js';
import { endBy, isThread, type StopSignal, watchSignals } from './signals.js';

/** Stops a run cleanly, with its state saved, on a signal or when its output can no longer be read. */
export class RunStop {
  private run: StartedRun | undefined;
  private code: number | undefined;
  private readonly endSignals: () => void;
  private readonly endOutput: () => void;

  constructor(private readonly folder: RunFolder) {
    this.endSignals = watchSignals((signal, exitCode) => this.onSignal(signal, exitCode));
    this.endOutput = watchOutput(({ message, exitCode }) => {
      // Once is enough: further output fails, too.
      if (this.code !== undefined) return;
      process.exitCode = exitCode;
      this.stop(exitCode);
      printNotice(`${message}: finishing the step and saving`);
    });
  }

  /** Exit code for the reason of the stop (130 for SIGINT, 143 for SIGTERM, 141 for a closed pipe), if anything did. */
  get exitCode(): number | undefined {
    return this.code;
  }

  /** Sets the run, which is stopped at once if a stop was requested while it was prepared. */
  attach(run: StartedRun): void {
    this.run = run;
    if (this.code !== undefined) run.stop();
  }

  /** Frees run and folder. Signals have their default effect again; output may still be lost. */
  async close(): Promise<void> {
    this.endSignals();
    await this.run?.close();
    this.folder.close();
    this.endOutput();
  }

  private onSignal(signal: StopSignal, exitCode: number): void {
    if (!this.run && !isThread) {
      this.folder.close();
      endBy(signal);
      return;
    }
    this.stop(exitCode);
    // `launch` has said so.
    if (this.folder.isWritten && !(LAUNCH_VARIABLE in process.env))
      printNotice(
        `${signal}: finishing the step and saving; press again or repeat the signal to end at once`,
      );
  }

  private stop(exitCode: number): void {
    this.code ??= exitCode;
    this.run?.stop();
  }
}
