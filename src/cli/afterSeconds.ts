/** Milliseconds that a timer of Node.js can wait, 24.8 days: one of more would end at once. */
const LONGEST = 2 ** 31 - 1;

/**
 * Calls a function when a time is up, however long it is.
 *
 * @returns a function that ends the wait
 */
export function afterSeconds(seconds: number, call: () => void): () => void {
  let left = 1000 * seconds;
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    const part = Math.min(left, LONGEST);
    left -= part;
    timer = setTimeout(left > 0 ? wait : call, part);
  };
  wait();
  return () => clearTimeout(timer);
}
