/** Digits beyond which a double has none. */
const MOST = 15;

/** From here on numbers are written with an exponent. */
const LONG = 1e7;

/** A number with as many digits as are needed to see steps of a size in it. @param step above 0, or 0: three digits */
export function withDigits(value: number, step: number): string {
  const place = (size: number): number => Math.floor(Math.log10(size) + 1e-9);
  const needed = step > 0 && value !== 0 ? place(Math.abs(value)) - place(step) + 1 : 3;
  const digits = Math.min(MOST, Math.max(1, needed));
  if (Math.abs(value) < LONG) return String(Number(value.toPrecision(digits)));
  const [mantissa, exponent] = value.toExponential(digits - 1).split('e');
  return `${Number(mantissa)}e${Number(exponent)}`;
}
