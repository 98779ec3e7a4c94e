import { type Command, InvalidArgumentError, Option } from 'commander';
import { suggest } from './suggest.js';

/** Reads a number. */
export function parseNumber(value: string): number {
  const parsed = Number(value);
  if (value.trim() === '' || !Number.isFinite(parsed)) throw new InvalidArgumentError('It must be a number.');
  return parsed;
}

/** Reads a whole number of at least 1. */
export function parseCount(value: string): number {
  const parsed = parseNumber(value);
  if (!Number.isInteger(parsed) || parsed < 1)
    throw new InvalidArgumentError('It must be a whole number of at least 1.');
  return parsed;
}

/** Reads a whole number from 1 to `most`. */
export function parseCountUpTo(most: number): (value: string) => number {
  return (value) => {
    const parsed = parseNumber(value);
    if (Number.isInteger(parsed) && parsed >= 1 && parsed <= most) return parsed;
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${most}.`);
  };
}

/** Reads a whole number of at least 0. */
export function parseWhole(value: string): number {
  const parsed = parseNumber(value);
  if (!Number.isInteger(parsed) || parsed < 0)
    throw new InvalidArgumentError('It must be a whole number of at least 0.');
  return parsed;
}

/**
 * Has the flags of a command that take a text, such as a path, refuse an empty one, as of a shell's variable that is not set, and a
 * flag of the command, before which the value is missing.
 */
export function refuseMissingValues(command: Command): void {
  const parse = (value: string): string => {
    if (value === '') throw new InvalidArgumentError('It is empty.');
    const [flag] = value.split('=');
    if (command.options.some(({ long, short }) => flag === long || flag === short))
      throw new InvalidArgumentError('It is a flag, and the value is missing.');
    return value;
  };
  for (const option of command.options)
    if (option.required && !option.variadic && !option.parseArg) option.argParser(parse);
}

/** Reads one of several numbers of a flag. */
export function parseNumbers(value: string, previous: unknown): number[] {
  return [...(Array.isArray(previous) ? (previous as number[]) : []), parseNumber(value)];
}

/** More names than these are not listed in an error message. */
const MOST_LISTED = 12;

/**
 * Reads one of the names; an unknown one is refused with the one that was probably meant.
 *
 * @param hintFor a sentence about a value that is meant for another flag
 */
export function parseName(
  names: readonly string[],
  hintFor: (value: string) => string | undefined = () => undefined,
): (value: string) => string {
  return (value) => {
    if (names.includes(value)) return value;
    const hint = hintFor(value);
    if (hint !== undefined) throw new InvalidArgumentError(hint);
    const meant = suggest(value, names);
    const question = meant === undefined ? '' : ` Did you mean ${meant}?`;
    const known =
      names.length <= MOST_LISTED || meant === undefined
        ? `It must be one of ${names.join(', ')}.`
        : `It is none of the ${names.length} known names.`;
    throw new InvalidArgumentError(`${known}${question}`);
  };
}

/** An option whose value is one of some names, which shell completion offers. */
export class NameOption extends Option {
  constructor(
    flags: string,
    description: string,
    readonly names: readonly string[],
    hintFor?: (value: string) => string | undefined,
  ) {
    super(flags, description);
    this.argParser(parseName(names, hintFor));
  }
}
