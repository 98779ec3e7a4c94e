import { figureText } from '../valueText.js';

/** Digits of a standard deviation: it is not known to more. */
const DIGITS = 3;

/**
 * A mean and a standard deviation, `61.18 ± 0.396`: three digits of the deviation, and the mean to the same place; the mean
 * alone, with five digits, where there is no deviation.
 */
export function spreadText(mean: number, deviation: number): string {
  if (!Number.isFinite(mean) || !Number.isFinite(deviation)) return figureText(mean);
  if (deviation === 0) return `${figureText(mean)} ± 0`;
  const places = Math.min(100, Math.max(0, DIGITS - 1 - Math.floor(Math.log10(deviation))));
  return `${Number(mean.toFixed(places))} ± ${Number(deviation.toPrecision(DIGITS))}`;
}
