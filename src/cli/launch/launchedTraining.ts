import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasRun, LAST_CHECKPOINT } from '../../runs/runFolder.js';
import { Interrupted, printError, printNotice, watchOutput } from '../output.js';
import { watchSignals } from '../signals.js';
import type { Host } from './hosts.js';
import { Job, type JobOutcome } from './job.js';
import { LAUNCH_VARIABLE, variablesOfRanks } from './launchVariable.js';
import { type Mpirun, mpirunArguments, type RankRequest } from './mpirun.js';
import type { RankDeath } from './rankOutput.js';

/** A training that is to be started on several ranks. */
export interface LaunchOptions extends Required<Pick<RankRequest, 'binding'>> {
  readonly mpirun: Mpirun;
  readonly ranks: number;
  readonly hosts?: readonly Host[] | undefined;
  /** How often ranks are started again after a failure. */
  readonly maxRestarts: number;
  /** The run's folder, which has no run unless it is resumed. */
  readonly folder: string;
  /** Arguments of `train` besides the folder. */
  readonly args: readonly string[];
  /** Those for a new run that is started again from a checkpoint. */
  readonly resumeArgs: readonly string[];
  /** Whether the folder's run is resumed from the start on. */
  readonly isResumed: boolean;
  /** The command line, up to `train`, for messages that say how to resume. */
  readonly command: string;
  /** The program of a rank, up to `train`. */
  readonly program: readonly string[];
}

/** Exit code of wrong flags and settings, which no restart changes. */
const USAGE = 2;

/** Milliseconds before the first restart; each later one waits twice as long, to at most a minute. */
const FIRST_PAUSE = 1000;

/** Starts ranks, and starts them again from the last checkpoint after a failure. */
export class LaunchedTraining {
  private job: Job | undefined;
  private stopCode: number | undefined;

  constructor(private readonly options: LaunchOptions) {}

  /**
   * Runs to the end; what failed is printed.
   *
   * @throws Interrupted after a signal
   */
  async run(): Promise<void> {
    const endSignals = watchSignals(
      (signal, exitCode) => {
        printNotice(
          `${signal}: the ranks finish the step and save; press again or repeat the signal to end at once`,
        );
        this.stop(exitCode);
      },
      () => this.job?.end(),
    );
    const endOutput = watchOutput(({ exitCode }) => this.stop(exitCode));
    try {
      process.exitCode = await this.attempts();
    } finally {
      endSignals();
      endOutput();
    }
    if (this.stopCode !== undefined) throw new Interrupted('', this.stopCode);
  }

  private async attempts(): Promise<number> {
    const { maxRestarts } = this.options;
    for (let restart = 0; ; restart++) {
      const outcome = await this.once(restart);
      const { exitCode } = outcome;
      if (exitCode === 0 || this.stopCode !== undefined) return exitCode;
      for (const sentence of this.causes(outcome)) printError(sentence, exitCode);
      if (exitCode === USAGE || restart === maxRestarts) return exitCode;
      const from = this.hasCheckpoint ? 'the last checkpoint' : 'the beginning';
      printNotice(`starting all ranks again from ${from} (${restart + 1} of ${maxRestarts})`);
      await sleep(Math.min(60_000, FIRST_PAUSE * 2 ** restart));
      if (this.stopCode !== undefined) return exitCode;
    }
  }

  private once(restart: number): Promise<JobOutcome> {
    const { mpirun, ranks, binding, hosts, folder, args, resumeArgs, isResumed, command, program } =
      this.options;
    // A new run that failed early leaves none. There was none before: `launch` has made sure.
    const isThere = isResumed || (restart > 0 && hasRun(folder));
    const place = isThere ? '--resume' : '--run-dir';
    const given = isThere && !isResumed ? resumeArgs : args;
    const own = mpirunArguments(mpirun, {
      ranks,
      binding,
      hosts,
      command: [...program, 'train', ...given, place, folder],
      variables: variablesOfRanks(process.env),
      isRoot: userInfo().uid === 0,
    });
    this.job = new Job(ranks, mpirun, own, { [LAUNCH_VARIABLE]: command }, process);
    return this.job.outcome;
  }

  private stop(exitCode: number): void {
    this.stopCode ??= exitCode;
    this.job?.stop();
  }

  private get hasCheckpoint(): boolean {
    return existsSync(join(this.options.folder, LAST_CHECKPOINT));
  }

  private causes({ exitCode, deaths, silent, isExplained }: JobOutcome): string[] {
    const { ranks, mpirun } = this.options;
    if (deaths.length === 0 && !isExplained)
      return [`${mpirun.program} ended with code ${exitCode}, and no rank said why`];
    return [
      ...deaths.map((death) => deathText(death, ranks)),
      ...silent.map(
        (rank) => `rank ${rank} of ${ranks} hangs, or cannot be reached: the others waited for it in vain`,
      ),
    ];
  }
}

function deathText({ rank, host, signal }: RankDeath, ranks: number): string {
  const who = rank === undefined ? `one of the ${ranks} ranks` : `rank ${rank} of ${ranks}`;
  const why = signal === 'SIGKILL' ? ', perhaps since the machine has too little memory' : '';
  return `${who} was ended by ${signal} on ${host}${why}`;
}
