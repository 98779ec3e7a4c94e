/** Threads of computation after so many steps of a run, until the next entry. */
export interface ThreadsSince {
  /** Steps that were done before. */
  readonly step: number;
  readonly threads: number;
}

/** Another number of threads. */
export interface ThreadChange {
  readonly threads: number;
  readonly before: number;
  /**
   * `load`: other processes take more of the processors than before, or less; `trial`: all threads are tried after a while;
   * `slower`: the change before this one did not pay; `recorded`: the run that is resumed had it after the same step.
   */
  readonly reason: 'load' | 'trial' | 'slower' | 'recorded';
  /** Share of the processors that other processes took, in percent; absent where it was not looked at. */
  readonly others?: number | undefined;
}

/** Says on how many threads a run computes. */
export interface ThreadControl {
  /** All numbers so far, the first for the first step; for checkpoints. */
  readonly history: readonly ThreadsSince[];
  /**
   * Called after each step.
   *
   * @param step steps that are done since the start of the run
   * @param seconds that the last one took, the wait for its images included
   * @returns the number of threads from now on, if it is another; it is in {@link history} and recorded then
   */
  after(step: number, seconds: number): Promise<ThreadChange | undefined>;
}
