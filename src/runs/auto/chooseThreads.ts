import { loadavg } from 'node:os';

/** What a number of threads is chosen by. */
export interface ThreadsTask {
  /** Threads that there would be without a choice. */
  readonly threads: number;
  /** Processes that want to run, on average over a minute. Default: the system's load. */
  readonly load?: number | undefined;
  /** Measured seconds of training per image with so many threads. */
  measure(threads: number): Promise<number>;
}

/** Share of its time that one thread must save. */
const GAIN = 0.2;

/**
 * One thread where that is faster on a busy machine, as measured: threads that compute together wait for the slowest, which others keep
 * from running. Undefined on a machine that is not busy: nothing is measured then.
 */
export async function chooseThreads(task: ThreadsTask): Promise<1 | undefined> {
  const { threads, load = loadavg()[0]!, measure } = task;
  if (threads === 1 || !isBusy(threads, load)) return undefined;
  const all = await measure(threads);
  return (await measure(1)) < (1 - GAIN) * all ? 1 : undefined;
}

/**
 * Whether others use the machine's processors, on average over a minute. Windows does not say.
 *
 * @param load default: the system's
 */
export function isBusy(processors: number, load = loadavg()[0]!): boolean {
  return load >= processors;
}
