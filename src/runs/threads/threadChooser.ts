/** What was seen in some seconds of a run. */
export interface LoadWindow {
  readonly seconds: number;
  /** Processors that other processes took. */
  readonly others: number;
  /** Median time of a step. */
  readonly stepSeconds: number;
}

/** A number of threads that is taken, and why. */
export interface Choice {
  readonly threads: number;
  readonly reason: 'load' | 'slower' | 'trial';
}

/** Others that take more than so much of a processor are given it. */
const BUSY = 0.35;
/** One of which others take less than so much is taken back. In between nothing changes. */
const CALM = 0.2;

/** Fewer threads are kept if a step is no slower by this factor, more threads if it is faster by the other. */
const NO_SLOWER = 1.02;
const FASTER = 0.97;

/** Seconds without a new trial after one that failed, and the most: they double each time. */
const PAUSE = 30;
const MOST_PAUSE = 480;
/** Processors by which the load must differ for a new trial before that. */
const OTHER_LOAD = 0.5;

/** Seconds with fewer threads than there could be after which all are tried again, and the most: they double each time. */
const PROBE = 120;
const MOST_PROBE = 1920;

/**
 * The number of threads that leaves others the processors that they take.
 *
 * @param others processors that others take
 * @param counts processors; most: threads at most; threads: those there are now
 */
export function threadsBeside(
  others: number,
  counts: { readonly processors: number; readonly most: number; readonly threads: number },
): number {
  const { processors, most, threads } = counts;
  const within = (count: number): number => Math.max(1, Math.min(most, Math.floor(count)));
  const fewer = within(processors - others + BUSY);
  const more = within(processors - others + CALM);
  return fewer < threads ? fewer : Math.max(threads, more);
}

/** A change whose gain is being measured. */
interface Trial {
  readonly before: number;
  /** A step's time before it, and the load. */
  readonly stepSeconds: number;
  readonly others: number;
}

/**
 * Chooses threads from window to window: another number where the load of two windows in a row says so, and back where steps have not become
 * faster (for fewer threads: have become slower). After that the load must change, or time pass, before there is another trial. From time to
 * time all threads are tried whatever the load: others may give way, which the load doesn't show.
 */
export class ThreadChooser {
  /** Whether the last window asked for more threads (1), for fewer (−1) or neither. */
  private asked = 0;
  private trial: Trial | undefined;
  private failures = 0;
  private pause = 0;
  private failedAt = 0;
  private probePause = PROBE;
  /** Seconds until all threads are tried. */
  private probeIn: number;

  /**
   * @param threads those there are now
   * @param isGuess whether nothing but the load spoke for them: all are tried after the first window
   */
  constructor(
    private readonly counts: { readonly processors: number; readonly most: number },
    private threads: number,
    isGuess = false,
  ) {
    this.probeIn = isGuess ? 0 : PROBE;
  }

  /** Takes a window; the threads from now on, if they are others. */
  after(window: LoadWindow): Choice | undefined {
    if (this.trial) return this.judge(this.trial, window);
    this.pause -= window.seconds;
    const { threads, asked } = this;
    const wanted = threadsBeside(window.others, { ...this.counts, threads });
    const isSettled = this.pause > 0 && Math.abs(window.others - this.failedAt) < OTHER_LOAD;
    this.asked = isSettled ? 0 : Math.sign(wanted - threads);
    if (this.asked !== 0 && this.asked === asked) return this.try(wanted, window, 'load');
    this.probeIn -= window.seconds;
    const { most } = this.counts;
    return threads < most && this.probeIn <= 0 ? this.try(most, window, 'trial') : undefined;
  }

  private try(threads: number, { stepSeconds, others }: LoadWindow, reason: Choice['reason']): Choice {
    this.trial = { before: this.threads, stepSeconds, others };
    return this.take(threads, reason);
  }

  private judge({ before, stepSeconds, others }: Trial, window: LoadWindow): Choice | undefined {
    this.trial = undefined;
    const isFewer = this.threads < before;
    if (window.stepSeconds <= stepSeconds * (isFewer ? NO_SLOWER : FASTER)) {
      this.failures = 0;
      if (isFewer) this.probeIn = this.probePause = PROBE;
      return undefined;
    }
    this.pause = Math.min(MOST_PAUSE, PAUSE * 2 ** this.failures++);
    this.failedAt = others;
    if (!isFewer) {
      this.probePause = Math.min(MOST_PROBE, 2 * this.probePause);
      this.probeIn = this.probePause;
    }
    return this.take(before, 'slower');
  }

  private take(threads: number, reason: Choice['reason']): Choice {
    this.threads = threads;
    this.asked = 0;
    return { threads, reason };
  }
}
