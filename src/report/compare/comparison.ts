import { basename, resolve } from 'node:path';
import { UsageError } from '../../errors.js';
import { readMetrics, runFolderOf } from '../../runs/metricsFile.js';
import { withUnnamed } from '../../runs/settings/saved.js';
import { SETTING_KEYS, type SettingKey, settingOf } from '../../runs/settings/table.js';
import type { TrainConfig } from '../../runs/trainConfig.js';
import { settingsOf } from '../runSettings.js';
import { NONE } from '../valueText.js';
import { bestValue } from './bestValue.js';
import { deviationOf, meanOf, type PairedTest, pairedTest } from './pairedTest.js';

/** A run in a comparison. */
export interface ComparedRun {
  readonly name: string;
  /** Values of the settings, as trained with last, that differ between the runs, by key; dashes where the run has no configuration. */
  readonly settings: Readonly<Record<string, string>>;
  /** NaN where the run has no configuration. */
  readonly seed: number;
  readonly epochs: readonly number[];
  /** The metric after each of the epochs. */
  readonly values: readonly number[];
  /** Best and last value; NaN where none is finite. */
  readonly best: number;
  readonly bestEpoch: number;
  readonly last: number;
}

/** Runs that differ by their seeds alone. */
export interface RunGroup {
  /** The settings in which it differs from the other groups, such as `loss bias`. */
  readonly name: string;
  readonly runs: readonly ComparedRun[];
  readonly last: Spread;
  readonly best: Spread;
}

/** Mean and standard deviation over a group's runs; the deviation is NaN for one run. */
export interface Spread {
  readonly mean: number;
  readonly deviation: number;
}

/** Two groups side by side. */
export interface GroupDifference {
  readonly first: string;
  readonly second: string;
  /** Over the seeds that both have; absent with fewer than two of them. */
  readonly test?: PairedTest | undefined;
  readonly seeds: number;
}

/** Runs side by side. */
export interface Comparison {
  /** The column of `metrics.csv`. */
  readonly metric: string;
  /** Which value of a run the differences are of. */
  readonly of: 'last' | 'best';
  readonly runs: readonly ComparedRun[];
  readonly groups: readonly RunGroup[];
  /** Of each group from each before it. */
  readonly differences: readonly GroupDifference[];
}

/** Options of {@link compareRuns}. */
export interface CompareOptions {
  /** A column of `metrics.csv`. Default `test_top1`. */
  readonly metric?: string | undefined;
  /** Value that the groups' differences are of. Default `last`: the best is chosen by the test images themselves. */
  readonly of?: 'last' | 'best' | undefined;
}

/** Settings that do not distinguish runs, even where their values differ. */
const UNIMPORTANT: readonly string[] = ['seed', 'threads', 'workers', 'cache', 'cacheMb', 'download'];

/**
 * Compares runs by a metric. Runs whose settings differ by the seed alone are a group; groups are compared by a paired
 * t-test over the seeds that they have in common. A run without a configuration is a group of its own.
 *
 * @param runs folders of runs, or their names in `runs/`
 * @throws UserError when one is not a run, or its configuration cannot be read
 * @throws UsageError when a run lacks the metric, or is given twice
 */
export function compareRuns(runs: readonly string[], options: CompareOptions = {}): Comparison {
  const { metric = 'test_top1', of = 'last' } = options;
  const folders = runs.map(runFolderOf);
  const twice = folders.find(
    (folder, i) => folders.findIndex((other) => resolve(other) === resolve(folder)) < i,
  );
  if (twice !== undefined) throw new UsageError(`${twice} is given twice`);
  const settings = folders.map((folder) => {
    const own = settingsOf(folder);
    return own && withUnnamed(own);
  });
  const known = settings.filter((all) => all !== undefined);
  const keys = SETTING_KEYS.filter(
    (key) => isCompared(key) && new Set(known.map((all) => settingText(all, key))).size > 1,
  );
  const names = distinctNames(folders);
  const compared = folders.map((folder, i) =>
    comparedRun(names[i]!, folder, metric, {
      settings: Object.fromEntries(keys.map((key) => [key, settingText(settings[i], key)])),
      seed: settings[i]?.seed ?? Number.NaN,
    }),
  );
  const groups = groupsOf(compared);
  const differences = groups.flatMap((second, j) =>
    groups.slice(0, j).map((first) => differenceOf(first, second, of)),
  );
  return { metric, of, runs: compared, groups, differences };
}

function isCompared(key: SettingKey): boolean {
  return settingOf(key).group !== 'Run' && !UNIMPORTANT.includes(key);
}

function settingText(settings: TrainConfig | undefined, key: SettingKey): string {
  if (settings === undefined) return NONE;
  const value = settings[key];
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The folders' own names, with their parents' where two are the same. */
function distinctNames(folders: readonly string[]): string[] {
  const own = folders.map((folder) => basename(resolve(folder)));
  return own.map((name, i) => (own.indexOf(name) === own.lastIndexOf(name) ? name : folders[i]!));
}

function comparedRun(
  name: string,
  folder: string,
  metric: string,
  known: Pick<ComparedRun, 'settings' | 'seed'>,
): ComparedRun {
  const metrics = readMetrics(folder);
  const values = metrics[metric];
  if (!values)
    throw new UsageError(`${folder} has no metric ${metric}; it has ${Object.keys(metrics).join(', ')}`);
  const epochs = metrics.epoch!;
  const best = bestValue(metric, values);
  return {
    ...known,
    name,
    epochs,
    values,
    best: best?.value ?? Number.NaN,
    bestEpoch: best === undefined ? Number.NaN : epochs[best.place]!,
    last: values.at(-1)!,
  };
}

function groupsOf(runs: readonly ComparedRun[]): RunGroup[] {
  const groups = new Map<string, ComparedRun[]>();
  for (const run of runs) {
    const name = groupName(run);
    groups.set(name, [...(groups.get(name) ?? []), run]);
  }
  return [...groups].map(([name, members]) => ({
    name: name === '' ? 'all runs' : name,
    runs: members,
    last: spreadOf(members.map(({ last }) => last)),
    best: spreadOf(members.map(({ best }) => best)),
  }));
}

/** The settings of a run's group; its own name where they are unknown. */
function groupName({ name, settings, seed }: ComparedRun): string {
  if (Number.isNaN(seed)) return `${name}, of unknown settings`;
  return Object.entries(settings)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');
}

/** Mean and standard deviation of values. */
export function spreadOf(values: readonly number[]): Spread {
  return { mean: meanOf(values), deviation: deviationOf(values) };
}

function differenceOf(first: RunGroup, second: RunGroup, of: 'last' | 'best'): GroupDifference {
  const bySeed = ({ runs }: RunGroup): Map<number, number> =>
    new Map(
      [...new Set(runs.map(({ seed }) => seed))].map((seed) => [
        seed,
        meanOf(runs.filter((run) => run.seed === seed).map((run) => run[of])),
      ]),
    );
  const [a, b] = [bySeed(first), bySeed(second)];
  const seeds = [...a.keys()].filter(
    (seed) =>
      Number.isFinite(seed) && b.has(seed) && Number.isFinite(a.get(seed)) && Number.isFinite(b.get(seed)),
  );
  const test = pairedTest(
    seeds.map((seed) => a.get(seed)!),
    seeds.map((seed) => b.get(seed)!),
  );
  return { first: first.name, second: second.name, test, seeds: seeds.length };
}
