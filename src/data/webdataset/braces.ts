import { UserError } from '../../errors.js';

/** More names than anyone would want. */
const MOST_NAMES = 100_000;

/**
 * Expands a shell's braces: `{0..12}`, `{000..012}` (with leading zeros) and `{a,b}`, also several of them and within one another.
 *
 * @throws UserError when that gives more than 100,000 names
 */
export function expandBraces(pattern: string): string[] {
  return expand(pattern, pattern);
}

/** @param whole for messages */
function expand(pattern: string, whole: string): string[] {
  const found = firstBraces(pattern);
  if (!found) return [pattern];
  const before = pattern.slice(0, found.start);
  const rests = expand(pattern.slice(found.end + 1), whole);
  const choices = choicesOf(found.parts, whole);
  refuseMany(choices.length * rests.length, whole);
  return choices.flatMap((choice) => rests.map((rest) => before + choice + rest));
}

interface Braces {
  /** Positions of the braces. */
  readonly start: number;
  readonly end: number;
  /** What lies between them, split at its own commas. */
  readonly parts: readonly string[];
}

/** The first pair of braces with what belongs to it; undefined if there is none. */
function firstBraces(pattern: string): Braces | undefined {
  const start = pattern.indexOf('{');
  let depth = 0;
  let from = start + 1;
  const parts: string[] = [];
  for (let at = start; at >= 0 && at < pattern.length; at++) {
    const character = pattern[at];
    if (character === '{') depth++;
    else if (character === '}') depth--;
    const isEnd = depth === 0;
    if (!isEnd && !(depth === 1 && character === ',')) continue;
    parts.push(pattern.slice(from, at));
    from = at + 1;
    if (isEnd) return { start, end: at, parts };
  }
  return undefined;
}

function choicesOf(parts: readonly string[], whole: string): string[] {
  const range = parts.length === 1 ? /^(\d+)\.\.(\d+)$/.exec(parts[0]!) : null;
  if (!range) return parts.flatMap((part) => expand(part, whole));
  const [first, last] = [range[1]!, range[2]!];
  const count = Number(last) - Number(first) + 1;
  refuseMany(count, whole);
  const digits = first.startsWith('0') ? first.length : 0;
  return Array.from({ length: Math.max(count, 0) }, (_, i) =>
    String(Number(first) + i).padStart(digits, '0'),
  );
}

function refuseMany(count: number, pattern: string): void {
  if (count > MOST_NAMES) throw new UserError(`${pattern} stands for more than ${MOST_NAMES} names`);
}
