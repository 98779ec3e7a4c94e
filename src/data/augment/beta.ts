/** Attempts at a random number before the last one is taken: fewer than one of 20 fails. */
const TRIES = 64;

/** Random numbers that a number of {@link betaNumber} may use. */
export const BETA_DRAWS = 2 * (3 * TRIES + 1);

/**
 * A number of the distribution Beta(α, α), in [0, 1].
 *
 * @param random number `what` in [0, 1), for `what` below {@link BETA_DRAWS}
 */
export function betaNumber(alpha: number, random: (what: number) => number): number {
  const a = logGammaNumber(alpha, random);
  const b = logGammaNumber(alpha, (what) => random(BETA_DRAWS / 2 + what));
  return 1 / (1 + Math.exp(b - a));
}

/**
 * The logarithm of a number of the distribution Gamma(α, 1), by "A Simple Method for Generating Gamma Variables" (Marsaglia and
 * Tsang, 2000). For a small α the number itself would be rounded to 0.
 */
function logGammaNumber(alpha: number, random: (what: number) => number): number {
  const d = alpha + 2 / 3;
  const c = 1 / Math.sqrt(9 * d);
  // The number of α + 1, times U^(1/α).
  const power = Math.log(1 - random(0)) / alpha;
  let v = 1;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const draw = (what: number): number => 1 - random(1 + 3 * attempt + what);
    const x = Math.sqrt(-2 * Math.log(draw(0))) * Math.cos(2 * Math.PI * draw(1));
    if (1 + c * x <= 0) continue;
    v = (1 + c * x) ** 3;
    if (Math.log(draw(2)) < 0.5 * x * x + d - d * v + d * Math.log(v)) break;
  }
  return Math.log(d * v) + power;
}
