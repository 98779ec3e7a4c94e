import { median } from '../median.js';

/** Runs that have to be complete before one is compared with them. */
const LEAST = 3;

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
