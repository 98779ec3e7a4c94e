/** Runs that have to be complete before one is compared with them. */
const LEAST = 3;

/** The middle of values; of an even number the mean of the two in the middle. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

const bestOf = (values: readonly number[]): number => Math.max(...values.filter(Number.isFinite));

/**
 * Whether a run is to be ended early: after half of its epochs its best accuracy is below the median of what complete
 * runs had reached by the same epoch (the median stopping rule of Golovin et al., Google Vizier, 2017).
 *
 * @param values the run's accuracies so far, one per epoch
 * @param complete those of complete runs
 * @param epochs that the run has in all
 */
export function isBelowMedian(
  values: readonly number[],
  complete: readonly (readonly number[])[],
  epochs: number,
): boolean {
  if (complete.length < LEAST || values.length < epochs / 2) return false;
  return bestOf(values) < median(complete.map((other) => bestOf(other.slice(0, values.length))));
}
