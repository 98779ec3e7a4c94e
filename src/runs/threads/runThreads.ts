import type { LoadMeter } from '../../engines/host/loadMeter.js';
import { median } from '../../median.js';
import type { ThreadChange, ThreadControl, ThreadsSince } from '../../train/threads.js';
import { ThreadChooser } from './threadChooser.js';
import { writeThreads } from './threadRecord.js';

/** Least seconds and steps of a window in which load and steps are looked at. */
const WINDOW_SECONDS = 3;
const WINDOW_STEPS = 2;

/** What a run's threads are decided by. */
export interface RunThreadsOptions {
  /** Threads so far, the present ones last. */
  readonly history: readonly ThreadsSince[];
  /** Changes that are to be made after the same steps again, before any other. */
  readonly later: readonly ThreadsSince[];
  /** Where the numbers are recorded; undefined: nowhere. */
  readonly file: string | undefined;
  /**
   * The load by which further changes are decided, the most threads, and whether those of the start are a guess by the load; undefined: there
   * are no changes.
   */
  readonly adapts:
    | { readonly meter: LoadMeter; readonly most: number; readonly isGuess: boolean }
    | undefined;
}

/** The threads of a run: recorded ones again, then as many as pay beside other processes. */
export class RunThreads implements ThreadControl {
  private readonly numbers: ThreadsSince[];
  private readonly later: ThreadsSince[];
  private chooser: ThreadChooser | undefined;
  private windowBegin = 0;
  private times: number[] = [];

  constructor(private readonly options: RunThreadsOptions) {
    this.numbers = [...options.history];
    this.later = [...options.later];
  }

  get history(): readonly ThreadsSince[] {
    return [...this.numbers];
  }

  /** Records the numbers, those that are to be made again among them: a run that is killed before has them still. */
  async record(): Promise<void> {
    const { file } = this.options;
    if (file !== undefined) await writeThreads(file, [...this.numbers, ...this.later]);
  }

  async after(step: number, seconds: number): Promise<ThreadChange | undefined> {
    const change = this.later.length > 0 ? this.repeated(step) : this.chosen(seconds);
    if (!change) return undefined;
    this.numbers.push({ step, threads: change.threads });
    this.times = [];
    await this.record();
    return change;
  }

  private get threads(): number {
    return this.numbers.at(-1)!.threads;
  }

  private repeated(step: number): ThreadChange | undefined {
    if (step < this.later[0]!.step) return undefined;
    const { threads } = this.later.shift()!;
    return { threads, before: this.threads, reason: 'recorded' };
  }

  private chosen(seconds: number): ThreadChange | undefined {
    const { adapts } = this.options;
    if (!adapts) return undefined;
    const { meter, most, isGuess } = adapts;
    const { processors } = meter;
    const window = this.window(meter, seconds);
    if (!window) return undefined;
    this.chooser ??= new ThreadChooser({ processors, most }, this.threads, isGuess);
    const before = this.threads;
    const choice = this.chooser.after(window);
    return choice && { ...choice, before, others: (100 * window.others) / processors };
  }

  /** What was seen since the last window, if that is enough. The first step after a change warms up, and starts the window. */
  private window(
    meter: LoadMeter,
    seconds: number,
  ): { readonly seconds: number; readonly others: number; readonly stepSeconds: number } | undefined {
    const now = meter.now();
    if (this.times.length === 0) {
      meter.others();
      this.windowBegin = now;
    }
    this.times.push(seconds);
    const elapsed = now - this.windowBegin;
    if (this.times.length <= WINDOW_STEPS || elapsed < WINDOW_SECONDS) return undefined;
    const stepSeconds = median(this.times.slice(1));
    this.times = [];
    return { seconds: elapsed, others: meter.others(), stepSeconds };
  }
}
