import { constants } from 'node:os';
import { type EndNotice, noticeIn } from './watchedRank.js';

/** A rank that a signal has ended. */
export interface RankDeath {
  /** Absent where Hydra alone says so, which names no rank. */
  readonly rank?: number | undefined;
  readonly host: string;
  /** The signal's name or number. */
  readonly signal: string;
  readonly exitCode: number;
}

/** A line that opens or closes a message of mpirun's own. */
const RULE = /^(-{60,}|={60,})\s*$/;

/** What mpirun says of a rank's end, which is said better here. */
const END = /exited on signal|non-zero exit|non-zero status|exiting improperly|BAD TERMINATION|PRIMARY JOB/i;

/** What a rank prints when it fails, as text or in JSON; the last group where it has waited for another. */
const FAILURE = /^(?:error: |\{"event":"error","message":")rank (\d+) of \d+: (no progress)?/;

/** What follows Hydra's message. */
const HYDRA_END = /^(YOUR APPLICATION TERMINATED|This typically refers to|Please see the FAQ|\s*$)/;

/** What Hydra's parts say of one another where they lose each other. */
const HYDRA_INTERNAL = /^\[(mpiexec|proxy:\d+:\d+)@\S+\] /;

/** What is known of a job's ranks. */
export class RankRecord {
  readonly deaths: RankDeath[] = [];
  /** The exit code of the first rank that has failed, where its shell has said so. */
  exitCode: number | undefined;
  /** Ranks that have said why they fail. */
  readonly failed = new Set<number>();
  /** Ranks of those that only waited for others. */
  readonly waiting = new Set<number>();
  /** Whether mpirun has said that a rank has ended. */
  hasEnd = false;

  /** Whether a rank has said that it fails, or mpirun that one has ended. */
  get hasFailure(): boolean {
    return this.hasEnd || this.failed.size > 0;
  }

  /** Notes a rank's end. */
  end({ rank, host, code, killed }: EndNotice): void {
    this.hasEnd = true;
    this.exitCode ??= code;
    if (killed) this.die({ rank, host }, code - 128);
  }

  die(where: { readonly host: string; readonly rank?: number }, signal: number): void {
    const name = Object.entries(constants.signals).find(([, number]) => number === signal)?.[0];
    this.deaths.push({ ...where, signal: name ?? `signal ${signal}`, exitCode: 128 + signal });
  }
}

/**
 * One of mpirun's two streams: what is to be printed of it. Messages of mpirun's own are kept unless they are about a rank's end,
 * which is recorded.
 */
export class RankOutput {
  private message: string[] | undefined;
  private afterHydra = false;
  private hydraHost: string | undefined;

  constructor(private readonly record: RankRecord) {}

  /** The lines to print of one more line. */
  take(line: string): string[] {
    const found = noticeIn(line);
    if (found) {
      this.record.end(found.notice);
      return found.before === '' ? [] : this.take(found.before);
    }
    if (this.record.hasFailure && HYDRA_INTERNAL.test(line)) return [];
    if (this.message) return this.within(this.message, line);
    if (RULE.test(line)) {
      this.message = [line];
      return [];
    }
    if (this.afterHydra && HYDRA_END.test(line)) {
      this.note(line);
      return [];
    }
    this.afterHydra = false;
    this.noteFailure(line);
    return [line];
  }

  /** The lines to print of a message that mpirun did not finish. */
  end(): string[] {
    const rest = this.message ?? [];
    this.message = undefined;
    return rest;
  }

  private within(message: string[], line: string): string[] {
    message.push(line);
    if (!RULE.test(line)) return [];
    this.message = undefined;
    if (!message.some((each) => END.test(each))) return message;
    this.record.hasEnd = true;
    this.afterHydra = line.startsWith('=');
    for (const each of message) this.note(each);
    return [];
  }

  private noteFailure(line: string): void {
    const [, rank, waits] = FAILURE.exec(line) ?? [];
    if (rank === undefined) return;
    this.record.failed.add(Number(rank));
    if (waits !== undefined) this.record.waiting.add(Number(rank));
  }

  /** Records a death that a line is about. */
  private note(line: string): void {
    const openMpi = /process rank (\d+) with PID \d+ on node (\S+) exited on signal (\d+)/.exec(line);
    if (openMpi) this.record.die({ rank: Number(openMpi[1]), host: openMpi[2]! }, Number(openMpi[3]));
    this.hydraHost = /PID \d+ RUNNING AT (\S+)/.exec(line)?.[1] ?? this.hydraHost;
    const signal = /EXIT STRING: .*\(signal (\d+)\)/.exec(line)?.[1];
    // Where the ranks have said more, it is what Hydra itself has killed.
    if (signal === undefined || !this.hydraHost || this.record.exitCode !== undefined) return;
    this.record.die({ host: this.hydraHost }, Number(signal));
  }
}
