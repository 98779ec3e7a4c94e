/** Below this the Maclaurin series is short and loses few digits to cancellation. */
const SERIES_END = 2;
/** Beyond this erf is 1 in double precision. */
const FLAT = 6;
/** Terms of the continued fraction: enough for 15 digits from {@link SERIES_END} on. */
const TERMS = 80;

/** 2/√π·Σ (−1)ⁿx²ⁿ⁺¹/(n!(2n + 1)). */
function series(x: number): number {
  let power = x;
  let total = x;
  for (let n = 1; Math.abs(power) > 1e-18 * Math.abs(total); n++) {
    power *= (-x * x) / n;
    total += power / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

/** 1 − erf(x) for x > 0 as a continued fraction (Abramowitz and Stegun, 7.1.14). */
function complement(x: number): number {
  let fraction = x;
  for (let n = TERMS; n > 0; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction);
}

/** The error function, to about 15 digits. */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size < SERIES_END) return series(x);
  return size > FLAT ? Math.sign(x) : Math.sign(x) * (1 - complement(size));
}
