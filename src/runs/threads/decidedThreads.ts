import { mostThreads } from '../../engines/createEngine.js';
import { UserError } from '../../errors.js';
import { configuredThreads } from './configuredThreads.js';

/** Environment variable with the threads of whatever is computed by settings that don't say. */
const THREADS_VARIABLE = 'BIASLOSS_THREADS';

/**
 * The number of threads that a setting fixes, or else the environment variable `BIASLOSS_THREADS`; undefined where neither does.
 *
 * @throws UserError when the variable is to decide, and is no number and not `auto`
 */
export function decidedThreads(
  threads: number | null | undefined,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): number | undefined {
  return configuredThreads(threads) ?? threadsOf(environment[THREADS_VARIABLE]);
}

function threadsOf(value: string | undefined): number | undefined {
  if (value === undefined || value === 'auto') return undefined;
  const threads = Number(value);
  if (!Number.isInteger(threads) || threads < 1 || threads > mostThreads())
    throw new UserError(
      `${THREADS_VARIABLE} must be auto or a whole number from 1 to ${mostThreads()}, not ${JSON.stringify(value)}`,
    );
  return threads;
}
