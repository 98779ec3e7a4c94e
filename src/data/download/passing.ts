/** HTTP statuses below 500 that are worth a retry: timeout, too early, too many requests. */
const PASSING = [408, 425, 429];

/** Whether the same request may be answered later, after this HTTP status. */
export function isPassing(status: number): boolean {
  return status >= 500 || PASSING.includes(status);
}
