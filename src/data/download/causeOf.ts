import { errorMessage } from '../../errors.js';
import { isError } from '../../realms.js';

/** Node's fetch says only “fetch failed” or “terminated”; the reason is the cause. */
export function causeOf(error: unknown): string {
  const cause = isError(error) ? error.cause : undefined;
  return cause === undefined ? errorMessage(error) : errorMessage(cause) || errorMessage(error);
}
