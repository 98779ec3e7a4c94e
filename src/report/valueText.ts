/** What stands for a value, and for a number, that is not there. */
export const NONE = '–';

/** A value of a setting as text; a dash where there is none. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return NONE;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Five digits, without zeros at the end; a dash where there is no number. */
export function figureText(value: number | null): string {
  return value !== null && Number.isFinite(value) ? String(Number(value.toPrecision(5))) : NONE;
}
