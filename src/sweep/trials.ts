import { createHash } from 'node:crypto';
import { UsageError } from '../errors.js';
import { uniformSource } from '../random.js';
import type { Settings, SweepFile, ValueRange } from './sweepFile.js';

/** A run of a sweep. */
export interface SweepRun {
  /** Of its folder in the sweep's: what distinguishes it, such as `loss-bias_beta-0.7_seed-1`. */
  readonly name: string;
  readonly settings: Settings;
  /** Whose settings apply where it has none. */
  readonly recipe?: string | undefined;
}

/** Random combinations are drawn so many times as often as they are wanted before they count as used up. */
const DRAWS = 100;

/** The runs of a sweep: combinations × seeds, the seeds of a combination one after the other. */
export function runsOf(sweep: SweepFile): SweepRun[] {
  const { settings, seeds, recipe } = sweep;
  const combinations = sweep.trials === undefined ? allCombinations(sweep) : randomCombinations(sweep);
  const runs = combinations.flatMap((varied) =>
    seeds.map((seed) => ({
      name: nameOf({ ...varied, seed }),
      settings: { ...settings, ...varied, seed },
      recipe,
    })),
  );
  const twice = runs.find(({ name }, i) => runs.findIndex((other) => other.name === name) < i);
  if (twice !== undefined) throw new UsageError(`the sweep has the run ${twice.name} twice`);
  return runs;
}

function allCombinations({ configurations, vary }: SweepFile): Settings[] {
  return Object.entries(vary).reduce<Settings[]>(
    (found, [key, values]) =>
      found.flatMap((settings) =>
        Array.isArray(values) ? values.map((value: unknown) => ({ ...settings, [key]: value })) : [],
      ),
    [...configurations],
  );
}

/** Different combinations at random; fewer than were asked for where there are no more. */
function randomCombinations({ configurations, vary, trials = 1, searchSeed }: SweepFile): Settings[] {
  const next = uniformSource(searchSeed, 'sweep');
  const found = new Map<string, Settings>();
  for (let draw = 0; found.size < trials && draw < DRAWS * trials; draw++) {
    const base = configurations[Math.floor(next(draw) * configurations.length)]!;
    const drawn = Object.entries(vary).map(([key, values], i) => [
      key,
      drawnValue(values, next(draw, i + 1)),
    ]);
    const settings: Settings = { ...base, ...Object.fromEntries(drawn) };
    found.set(JSON.stringify(settings), settings);
  }
  return [...found.values()];
}

function drawnValue(values: readonly unknown[] | ValueRange, u: number): unknown {
  if (isList(values)) return values[Math.floor(u * values.length)];
  const { min, max, log = false, integer = false } = values;
  // Whole numbers are the floors of those up to the next one after the last.
  const end = integer ? max + 1 : max;
  const value = log ? min * (end / min) ** u : min + u * (end - min);
  // Four digits, so that names and tables can be read.
  const shown = integer ? Math.floor(value) : Number(value.toPrecision(4));
  return Math.min(max, Math.max(min, shown));
}

function isList(values: readonly unknown[] | ValueRange): values is readonly unknown[] {
  return Array.isArray(values);
}

/** Longest name of a folder that is made of settings; others end in a hash of the rest. */
const LONGEST = 100;

function nameOf(settings: Settings): string {
  const parts = Object.entries(settings).map(([key, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return `${key}-${text.replace(/[^\p{L}\p{N}.+-]+/gu, '+')}`;
  });
  const whole = parts.join('_');
  const changed = Object.values(settings).some(
    (value) => typeof value === 'object' || /[^\w.+-]/.test(String(value)),
  );
  if (whole.length <= LONGEST && !changed) return whole;
  const hash = createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 8);
  return `${whole.slice(0, LONGEST)}_${hash}`;
}
