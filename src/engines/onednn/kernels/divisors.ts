/** The least divisor of a number that is no less than another; the number itself where there is none. */
export function leastDivisor(of: number, least: number): number {
  for (let divisor = 1; divisor < of; divisor++) if (of % divisor === 0 && divisor >= least) return divisor;
  return of;
}

/** The greatest divisor of a number that is no greater than another; at least 1. */
export function greatestDivisor(of: number, most: number): number {
  let divisor = Math.max(1, Math.min(of, Math.floor(most)));
  while (of % divisor !== 0) divisor--;
  return divisor;
}
