/** The number of threads that stands for as many as pay, as null does: `auto` on the command line. */
export const AUTO_THREADS = 0;

/** The number of threads that a setting fixes; undefined for {@link AUTO_THREADS}, and where there is none. */
export function configuredThreads(threads: number | null | undefined): number | undefined {
  return threads === AUTO_THREADS ? undefined : (threads ?? undefined);
}
