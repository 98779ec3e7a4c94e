/** A paired t-test of two lists of values. */
export interface PairedTest {
  readonly pairs: number;
  /** Mean of second − first. */
  readonly difference: number;
  /** Ends of the interval that holds the true mean difference with 95% confidence. */
  readonly interval: readonly [low: number, high: number];
  /** The statistic; infinite where all differences are equal and not 0, NaN where all are 0. */
  readonly t: number;
  /** Two-sided probability of a difference at least as great where there is none; 1 where all differences are 0. */
  readonly p: number;
}

/** Mean of a list. Of equal values it is the value: a sum would be rounded. */
export function meanOf(values: readonly number[]): number {
  const [first] = values;
  if (first !== undefined && values.every((value) => value === first)) return first;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** What is less than this share of the greatest magnitude is rounding: decimals are binary numbers only to 1e-16. */
const ROUNDING = 1e-12;

/**
 * Standard deviation of a sample (divided by n − 1); NaN for fewer than two values. One that is only rounding is 0.
 *
 * @param magnitude the greatest magnitude of the numbers that the values were computed from. Default: of the values themselves
 */
export function deviationOf(values: readonly number[], magnitude = magnitudeOf(values)): number {
  if (values.length < 2) return Number.NaN;
  const mean = meanOf(values);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return withoutRounding(Math.sqrt(variance), magnitude);
}

function magnitudeOf(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function withoutRounding(value: number, magnitude: number): number {
  return Math.abs(value) < ROUNDING * magnitude ? 0 : value;
}

/**
 * Student's paired t-test, two-sided.
 *
 * @param first values of one group; `second[i]` is its partner's
 * @returns undefined for fewer than two pairs
 */
export function pairedTest(first: readonly number[], second: readonly number[]): PairedTest | undefined {
  const magnitude = Math.max(magnitudeOf(first), magnitudeOf(second));
  const differences = first.map((value, i) => withoutRounding(second[i]! - value, magnitude));
  const pairs = differences.length;
  if (pairs < 2) return undefined;
  const difference = meanOf(differences);
  const error = deviationOf(differences, magnitude) / Math.sqrt(pairs);
  const t = difference / error;
  const half = criticalT(0.05, pairs - 1) * error;
  const p = difference === 0 ? 1 : twoSidedP(t, pairs - 1);
  return { pairs, difference, interval: [difference - half, difference + half], t, p };
}

/**
 * Probability that Student's t is at least as far from 0 as `t`, by the finite series for whole degrees of freedom
 * (Abramowitz and Stegun, 26.7.3 and 26.7.4). Exact to about 1e-15 absolutely.
 */
export function twoSidedP(t: number, degrees: number): number {
  const angle = Math.atan(Math.abs(t) / Math.sqrt(degrees));
  const cosine = Math.cos(angle);
  const isOdd = degrees % 2 === 1;
  // Odd: cos + 2/3 cos³ + …; even: 1 + 1/2 cos² + …; each term follows from the one before.
  let term = isOdd ? cosine : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k <= degrees - 2; k += 2) {
    term *= ((k - 1) / k) * cosine ** 2;
    sum += term;
  }
  const within = isOdd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
  return Math.min(1, Math.max(0, 1 - within));
}

/** The t whose two-sided probability is `p`, by bisection. */
function criticalT(p: number, degrees: number): number {
  let low = 0;
  let high = 1;
  while (twoSidedP(high, degrees) > p) high *= 2;
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (twoSidedP(middle, degrees) > p) low = middle;
    else high = middle;
  }
  return high;
}
