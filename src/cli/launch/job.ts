import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { UserError } from '../../errors.js';
import { type Mpirun, stopSignal } from './mpirun.js';
import { type RankDeath, RankOutput, RankRecord } from './rankOutput.js';

/** Milliseconds that mpirun has to end after a rank has failed: it may wait for a machine that cannot be reached. */
const PATIENCE = 15_000;

/** How ranks ended. */
export interface JobOutcome {
  /** 0 if all ranks ended well. */
  readonly exitCode: number;
  /** Ranks that were ended by signals. */
  readonly deaths: readonly RankDeath[];
  /** Where ranks ended since they waited in vain: those that said nothing. */
  readonly silent: readonly number[];
  /** Whether some rank has said why it fails. */
  readonly isExplained: boolean;
}

/** Ranks that mpirun runs. */
export class Job {
  readonly outcome: Promise<JobOutcome>;
  private readonly child: ChildProcess;
  private readonly record = new RankRecord();
  private isEnding = false;

  /**
   * Starts mpirun in a process group of its own, so that a terminal's Ctrl-C does not reach it: {@link stop} gives ranks the time to save.
   *
   * @param ranks how many
   * @param environment added to this process's
   * @param streams where its output goes
   */
  constructor(
    private readonly ranks: number,
    private readonly mpirun: Mpirun,
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
    streams: { readonly stdout: Writable; readonly stderr: Writable },
  ) {
    const child = spawn(mpirun.program, args, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.child = child;
    for (const name of ['stdout', 'stderr'] as const) this.follow(child[name], streams[name]);
    this.outcome = new Promise((resolve, reject) => {
      child.on('error', (error) =>
        reject(new UserError(`${mpirun.program} cannot be started: ${error.message}`)),
      );
      child.on('close', (code, signal) => resolve(this.outcomeOf(code, signal)));
    });
  }

  /** Asks the ranks to finish the step, to save and to end. */
  stop(): void {
    this.child.kill(stopSignal(this.mpirun));
  }

  /** Ends the ranks, and mpirun itself if it does not end by that. */
  end(): void {
    if (this.isEnding) return;
    this.isEnding = true;
    this.child.kill('SIGTERM');
    this.killAfter(PATIENCE);
  }

  private killAfter(milliseconds: number): void {
    const timer = setTimeout(() => {
      // Its own group, in which the ranks of this machine are.
      if (this.child.pid !== undefined && this.child.exitCode === null)
        process.kill(-this.child.pid, 'SIGKILL');
    }, milliseconds);
    this.child.on('close', () => clearTimeout(timer));
  }

  private follow(from: Readable, to: Writable): void {
    const output = new RankOutput(this.record);
    let rest = '';
    const print = (lines: readonly string[]): void => {
      for (const line of lines) to.write(`${line}\n`);
    };
    from.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      for (const line of lines) print(output.take(line));
      if (this.record.hasFailure && !this.isEnding) {
        this.isEnding = true;
        this.killAfter(PATIENCE);
      }
    });
    from.on('end', () => print([...(rest === '' ? [] : output.take(rest)), ...output.end()]));
  }

  private outcomeOf(code: number | null, signal: NodeJS.Signals | null): JobOutcome {
    const { deaths, failed, waiting, hasFailure } = this.record;
    const all = Array.from({ length: this.ranks }, (_, rank) => rank);
    const silent = waiting.size > 0 ? all.filter((rank) => !failed.has(rank)) : [];
    const ownCode = code ?? 128 + constants.signals[signal!];
    // Hydra ends with the bare number of a signal, and with the code of any rank.
    const exitCode =
      deaths[0]?.exitCode ?? this.record.exitCode ?? (ownCode === 0 && hasFailure ? 1 : ownCode);
    return { exitCode, deaths, silent, isExplained: failed.size > 0 };
  }
}
