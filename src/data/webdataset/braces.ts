import { UserError } from '../../errors.js';

/** More names than anyone would want. */
const MOST_NAMES = 100_000;

/**
 * Expands a shell's braces: `{0..12}`, `{000..012}` (with leading zeros) and `{a,b}`, also several of them.
 *
 * @throws UserError when that gives more than 100,000 names
 */
export function expandBraces(pattern: string): string[] {
  const match = /\{([^{}]*)\}/.exec(pattern);
  if (!match) return [pattern];
  const before = pattern.slice(0, match.index);
  const rests = expandBraces(pattern.slice(match.index + match[0].length));
  const choices = choicesOf(match[1]!, pattern);
  refuseMany(choices.length * rests.length, pattern);
  return choices.flatMap((choice) => rests.map((rest) => before + choice + rest));
}

function choicesOf(inside: string, pattern: string): string[] {
  const range = /^(\d+)\.\.(\d+)$/.exec(inside);
  if (!range) return inside.split(',');
  const [first, last] = [range[1]!, range[2]!];
  const count = Number(last) - Number(first) + 1;
  refuseMany(count, pattern);
  const digits = first.startsWith('0') ? first.length : 0;
  return Array.from({ length: Math.max(count, 0) }, (_, i) =>
    String(Number(first) + i).padStart(digits, '0'),
  );
}

function refuseMany(count: number, pattern: string): void {
  if (count > MOST_NAMES) throw new UserError(`${pattern} stands for more than ${MOST_NAMES} names`);
}
