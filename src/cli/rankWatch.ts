import type { Ranks } from '../distributed/communicator.js';
import { endAtOnce } from '../distributed/endAtOnce.js';
import { errorMessage, type NameOfSetting, SettingError, UserError } from '../errors.js';
import type { TrainerEvent } from '../train/events.js';
import { flagOf } from './flagNames.js';
import { printError } from './output.js';

/** Milliseconds between looks at the clock. */
const INTERVAL = 500;

/** Milliseconds from a rank's complaint that it waits in vain to its end. */
const PAUSE = 2000;

/** Awaits what one of several ranks does; sentences about its failure say whose it is. */
export async function ofRank<T>({ rank, size }: Ranks, done: Promise<T>): Promise<T> {
  try {
    return await done;
  } catch (error) {
    if (size === 1 || !(error instanceof UserError)) throw error;
    const named = (name: NameOfSetting): UserError =>
      error instanceof SettingError ? error.named(name) : error;
    throw new SettingError((name) => `rank ${rank} of ${size}: ${named(name).message}`, error.exitCode);
  }
}

/** Ends this rank, and by that all ranks, where it fails or makes no progress: another one may hang or be out of reach. */
export class RankWatch {
  private last = performance.now();
  private looked = performance.now();
  private where = 'the start';
  private readonly timer: NodeJS.Timeout | undefined;

  /**
   * @param timeout seconds without an event
   * @param leave what is to be done before the process ends at once
   */
  constructor(
    private readonly ranks: Ranks,
    private readonly timeout: number,
    private readonly leave: () => void,
  ) {
    if (ranks.size > 1) this.timer = setInterval(() => this.look(), INTERVAL).unref();
  }

  /** Notes that this rank is at work. */
  progress(): void {
    this.last = performance.now();
  }

  /** Notes an event, which is progress. */
  readonly note = (event: TrainerEvent): void => {
    this.progress();
    if (event.event === 'step') this.where = `step ${event.step} of epoch ${event.epoch + 1}`;
  };

  /** Says why this rank fails and ends it, where there are others that would wait for it. */
  fail(error: unknown): void {
    if (this.ranks.size > 1) this.end(this.say(error));
  }

  /** Ends the watch. */
  close(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const now = performance.now();
    const paused = (now - this.looked) / 1000;
    this.looked = now;
    if (now - this.last < this.timeout * 1000) return;
    clearInterval(this.timer);
    const exitCode = this.say(
      new UserError(
        paused > this.timeout / 2
          ? `the process was stopped for ${Math.round(paused)} s`
          : `no progress for ${this.timeout} s since ${this.where}: another rank hangs or cannot be reached`,
      ),
    );
    // All that wait say so before the first of them ends the others: the one that says nothing is the culprit.
    setTimeout(() => this.end(exitCode), PAUSE);
  }

  private end(exitCode: number): void {
    try {
      this.leave();
    } finally {
      endAtOnce(exitCode);
    }
  }

  private say(error: unknown): number {
    const { rank, size } = this.ranks;
    const exitCode = error instanceof UserError ? error.exitCode : 1;
    const message = error instanceof SettingError ? error.named(flagOf).message : errorMessage(error);
    printError(`rank ${rank} of ${size}: ${message}`, exitCode);
    return exitCode;
  }
}
