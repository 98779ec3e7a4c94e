/** What the table of runs shows: columns, groups, order, CSV. */
import { deviationOf, meanOf } from '../../report/compare/pairedTest.js';
import { NONE, valueText } from '../../report/valueText.js';
import { csvTable } from '../../runs/csvTable.js';
import type { RunSummary, SettingDescription, SettingValues, StudioInfo } from '../api.js';

/** Settings that do not make runs different ones. */
const UNIMPORTANT: readonly string[] = ['threads', 'workers', 'cache', 'cacheMb', 'download'];

/** A column that runs can be sorted by. */
export type SortKey =
  | 'started'
  | 'id'
  | 'status'
  | 'epochsDone'
  | 'last'
  | 'best'
  | 'bestEpoch'
  | `setting ${string}`;

/** An order of runs. */
export interface SortOrder {
  readonly by: SortKey;
  readonly isDescending: boolean;
}

/** Runs with the same value of a setting. */
export interface ShownGroup {
  /** The value as text; undefined for the group of all runs. */
  readonly value: string | undefined;
  readonly runs: readonly RunSummary[];
  /** Mean and standard deviation of the best values; NaN where they are not defined. */
  readonly mean: number;
  readonly deviation: number;
}

/** The value of a run's setting as text; a dash where it is unknown. */
export function settingText(run: RunSummary, { key, default: value }: SettingDescription): string {
  if (run.settings === null) return NONE;
  return valueText(Object.hasOwn(run.settings, key) ? run.settings[key] : value);
}

/** A run's settings that are not the defaults, its optimiser's own among them. */
export function changedSettings(
  values: SettingValues,
  { settings, optimizerDefaults }: Pick<StudioInfo, 'settings' | 'optimizerDefaults'>,
): SettingDescription[] {
  const own = optimizerDefaults[String(values.optimizer)] ?? {};
  return settings.filter(({ key, default: value }) => {
    const unset = Object.hasOwn(own, key) ? own[key] : value;
    return Object.hasOwn(values, key) && JSON.stringify(values[key]) !== JSON.stringify(unset);
  });
}

/** The settings that differ between runs, in the table's order. Where the numbers do not depend on one, it is left out. */
export function differingSettings(
  runs: readonly RunSummary[],
  settings: readonly SettingDescription[],
): SettingDescription[] {
  const readable = runs.filter(({ settings: own }) => own !== null);
  return settings.filter(
    (setting) =>
      setting.group !== 'Run' &&
      !UNIMPORTANT.includes(setting.key) &&
      new Set(readable.map((run) => settingText(run, setting))).size > 1,
  );
}

/** Runs whose name or differing settings contain all words of a text. */
export function matchingRuns(
  runs: readonly RunSummary[],
  text: string,
  settings: readonly SettingDescription[],
): RunSummary[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return [...runs];
  return runs.filter((run) => {
    const known = [
      run.id,
      run.status,
      ...settings.map((setting) => `${setting.key} ${settingText(run, setting)}`),
    ];
    const all = known.join('\n').toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

/** Runs in an order; those without a value come last. */
export function sortedRuns(
  runs: readonly RunSummary[],
  { by, isDescending }: SortOrder,
  settings: readonly SettingDescription[],
): RunSummary[] {
  const sortedBy = sortValue(by, settings);
  const sign = isDescending ? -1 : 1;
  return runs.toSorted((a, b) => {
    const [x, y] = [sortedBy(a), sortedBy(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    const difference = Number(x) - Number(y);
    if (!Number.isNaN(difference)) return sign * difference;
    return sign * String(x).localeCompare(String(y), 'en', { numeric: true });
  });
}

function sortValue(
  by: SortKey,
  settings: readonly SettingDescription[],
): (run: RunSummary) => string | number | null {
  const setting = settings.find(({ key }) => by === `setting ${key}`);
  if (setting)
    return (run) => {
      const text = settingText(run, setting);
      return text === NONE ? null : text;
    };
  const key = by as Exclude<SortKey, `setting ${string}`>;
  return (run) => run[key] ?? null;
}

/** Runs by the value of a setting, in the order in which the values appear; without a setting one group. */
export function groupedRuns(
  runs: readonly RunSummary[],
  setting: SettingDescription | undefined,
): ShownGroup[] {
  const groups = new Map<string | undefined, RunSummary[]>();
  for (const run of runs) {
    const value = setting && settingText(run, setting);
    const members = groups.get(value);
    if (members) members.push(run);
    else groups.set(value, [run]);
  }
  return [...groups].map(([value, members]) => {
    const values = members.flatMap(({ best }) => best ?? []);
    return { value, runs: members, mean: meanOf(values), deviation: deviationOf(values) };
  });
}

/** The table as CSV, numbers with all of their digits. */
export function csvOfRuns(
  runs: readonly RunSummary[],
  settings: readonly SettingDescription[],
  metric: string,
): string {
  const number = (value: number | null): string => (value === null ? '' : String(value));
  const figures = [`last_${metric}`, `best_${metric}`, 'best_epoch'];
  const header = [
    'run',
    'status',
    ...settings.map(({ key }) => key),
    'epochs_done',
    'epochs_planned',
    ...figures,
  ];
  const text = (value: string): string => (value === NONE ? '' : value);
  const rows = runs.map((run) => [
    run.id,
    run.status,
    ...settings.map((setting) => text(settingText(run, setting))),
    ...[run.epochsDone, run.epochs, run.last, run.best, run.bestEpoch].map(number),
  ]);
  return `${csvTable(header, rows)}\n`;
}

/** A metric's name in words: `test top-1`. */
export function metricText(metric: string): string {
  return metric.replaceAll('_', ' ').replace(/top(?=[15]$)/, 'top-');
}

/** A local time to the minute: `2026-11-28 05:03`. */
export function startedText(date: Date): string {
  // Sweden writes times so.
  return date.toLocaleString('sv-SE', { dateStyle: 'short', timeStyle: 'short' });
}
