import type { BiasLossSettings } from '../api.js';

/** What the bias loss makes of the variances of a batch. */
export interface Weighting {
  /** The variance m at which u is 0. */
  readonly zero: number;
  /** max v − min v of the batch. */
  readonly range: number;
  /** The weight z(v) = exp(α·u) − β of a variance, with u = (v − m)/(max v − min v); u = 0 where all variances are equal. */
  readonly weightOf: (variance: number) => number;
}

/**
 * The weights of the bias loss over a batch, as `biasLoss` computes them.
 *
 * @param variances of the batch's images; at least one
 * @param runningMin the smallest variance of the run so far, for `global`; null: there is none before this batch
 */
export function weightingOf(
  variances: readonly number[],
  { alpha, beta, normMode }: BiasLossSettings,
  runningMin: number | null,
): Weighting {
  const least = Math.min(...variances);
  const range = Math.max(...variances) - least;
  const zero = normMode === 'local' ? least : Math.min(least, runningMin ?? least);
  const weightOf = (variance: number): number =>
    Math.exp(range === 0 ? 0 : (alpha * (variance - zero)) / range) - beta;
  return { zero, range, weightOf };
}
