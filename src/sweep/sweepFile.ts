import { readTextFile } from '../data/folders/textFile.js';
import { errorMessage, UsageError } from '../errors.js';
import { settingKeyOf } from '../runs/settings/spelling.js';

/** Settings by their keys. */
export type Settings = Readonly<Record<string, unknown>>;

/** Numbers that a random search draws from. */
export interface ValueRange {
  readonly min: number;
  readonly max: number;
  /** Whether logarithms are drawn evenly; default false. */
  readonly log?: boolean;
  /** Whether whole numbers alone are drawn, the limits among them, which must be whole; default false. */
  readonly integer?: boolean;
}

/** What a sweep varies, as its file says. */
export interface SweepFile {
  /** Recipe of all runs. */
  readonly recipe?: string | undefined;
  /** Of all runs. */
  readonly settings: Settings;
  /** Alternatives, each of several settings; default one without any. */
  readonly configurations: readonly Settings[];
  /** Values of single settings: all of their combinations, or in a random search some. */
  readonly vary: Readonly<Record<string, readonly unknown[] | ValueRange>>;
  /** Default [0]. */
  readonly seeds: readonly number[];
  /** Combinations that a random search tries; undefined: all. */
  readonly trials?: number | undefined;
  /** Of the random search; default 0. */
  readonly searchSeed: number;
}

const KEYS: readonly string[] = [
  'recipe',
  'settings',
  'configurations',
  'vary',
  'seeds',
  'trials',
  'searchSeed',
];

/** Reads and checks one key of the file. */
class Fields {
  constructor(
    private readonly path: string,
    private readonly values: Settings,
  ) {}

  refuse(key: string, expected: string, found: unknown = this.values[key]): UsageError {
    return new UsageError(`${key} in ${this.path} must be ${expected}, not ${JSON.stringify(found)}`);
  }

  settings(key: string, value: unknown = this.values[key] ?? {}): Settings {
    if (!isObject(value)) throw this.refuse(key, 'an object of settings', value);
    const entries = Object.entries(value).map(([name, item]) => [settingKeyOf(name), item] as const);
    if (entries.some(([name]) => name === 'seed'))
      throw new UsageError(`${key} in ${this.path} has a seed, which belongs in the list seeds`);
    return Object.fromEntries(entries);
  }

  whole(key: string, least: number): number | undefined {
    const value = this.values[key];
    if (value === undefined) return undefined;
    if (!Number.isSafeInteger(value) || Number(value) < least)
      throw this.refuse(key, `a whole number of at least ${least}`);
    return Number(value);
  }

  text(key: string): string | undefined {
    const value = this.values[key];
    if (value !== undefined && typeof value !== 'string') throw this.refuse(key, 'a name');
    return value;
  }

  list(key: string): readonly unknown[] | undefined {
    const value = this.values[key];
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.length === 0) throw this.refuse(key, 'a list of at least one');
    return value;
  }
}

function isObject(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function rangeOf(fields: Fields, key: string, value: unknown): ValueRange {
  const wanted = 'a list of values, or a range such as {"min": 0.01, "max": 0.3, "log": true}';
  if (!isObject(value)) throw fields.refuse(key, wanted, value);
  const { min, max, log = false, integer = false, ...others } = value;
  const isRange =
    typeof min === 'number' &&
    typeof max === 'number' &&
    min < max &&
    typeof log === 'boolean' &&
    typeof integer === 'boolean' &&
    Object.keys(others).length === 0;
  if (!isRange || (log && min <= 0)) throw fields.refuse(key, `${wanted} of numbers above 0`, value);
  if (integer && !(Number.isSafeInteger(min) && Number.isSafeInteger(max)))
    throw fields.refuse(key, 'a range between whole numbers, as it has "integer": true', value);
  return { min, max, log, integer };
}

function variedOf(fields: Fields, isRandom: boolean): SweepFile['vary'] {
  const entries = Object.entries(fields.settings('vary')).map(([key, value]) => {
    const named = `${key} of vary`;
    if (Array.isArray(value) && value.length > 0) return [key, value as readonly unknown[]] as const;
    const range = rangeOf(fields, named, value);
    if (!isRandom) throw fields.refuse(named, 'a list of values where there are no trials to draw', value);
    return [key, range] as const;
  });
  return Object.fromEntries(entries);
}

function seedsOf(fields: Fields): readonly number[] {
  const seeds = fields.list('seeds') ?? [0];
  const numbers = seeds.map(Number);
  const areSeeds = seeds.every((seed) => Number.isSafeInteger(seed) && Number(seed) >= 0);
  if (!areSeeds || new Set(numbers).size < seeds.length)
    throw fields.refuse('seeds', 'a list of different whole numbers');
  return numbers;
}

/**
 * Reads what a sweep varies.
 *
 * @param path of a JSON file
 * @throws UsageError when it cannot be read, or a key is unknown or wrong; settings are checked with the runs
 */
export function readSweepFile(path: string): SweepFile {
  let value: unknown;
  try {
    value = JSON.parse(readTextFile(path));
  } catch (error) {
    throw new UsageError(`the sweep ${path} cannot be read as JSON: ${errorMessage(error)}`);
  }
  if (!isObject(value)) throw new UsageError(`${path} must be a JSON object with ${KEYS.join(', ')}`);
  const unknown = Object.keys(value).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw new UsageError(`${unknown} in ${path} is none of ${KEYS.join(', ')}`);
  const fields = new Fields(path, value);
  const trials = fields.whole('trials', 1);
  const configurations = (fields.list('configurations') ?? [{}]).map((item) =>
    fields.settings('configurations', item),
  );
  const vary = variedOf(fields, trials !== undefined);
  const both = Object.keys(vary).find((key) => configurations.some((settings) => key in settings));
  if (both !== undefined) throw new UsageError(`${path} has ${both} both in vary and in configurations`);
  return {
    recipe: fields.text('recipe'),
    settings: fields.settings('settings'),
    configurations,
    vary,
    seeds: seedsOf(fields),
    trials,
    searchSeed: fields.whole('searchSeed', 0) ?? 0,
  };
}
