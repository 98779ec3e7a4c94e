import { csvTable } from '../../runs/csvTable.js';
import { figureText, NONE } from '../valueText.js';
import type { ComparedRun, Comparison, GroupDifference } from './comparison.js';
import type { PairedTest } from './pairedTest.js';
import { spreadText } from './spreadText.js';

/** A table of text: the first column is words, the others mostly numbers. */
export interface TextTable {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A comparison as tables: the runs, their groups where seeds differ, and the groups' differences. */
export function comparisonTables(comparison: Comparison): TextTable[] {
  const { groups, differences } = comparison;
  return [
    runsTable(comparison),
    ...(groups.some(({ runs }) => runs.length > 1) || differences.length > 0
      ? [groupsTable(comparison)]
      : []),
    ...(differences.length > 0 ? [differencesTable(comparison)] : []),
  ];
}

function runsTable({ metric, runs }: Comparison): TextTable {
  const keys = Object.keys(runs[0]!.settings);
  return {
    title: metric,
    header: ['run', ...keys, 'seed', 'epochs run', 'last', 'best', 'in epoch'],
    rows: runs.map(({ name, settings, seed, epochs, last, best, bestEpoch }) => [
      name,
      ...keys.map((key) => settings[key]!),
      Number.isNaN(seed) ? NONE : String(seed),
      String(epochs.length),
      figureText(last),
      figureText(best),
      figureText(bestEpoch),
    ]),
  };
}

function groupsTable({ groups, runs: all }: Comparison): TextTable {
  return {
    title: `mean ± standard deviation over seeds${differentLengths(all)}`,
    header: ['settings', 'runs', 'last', 'best'],
    rows: groups.map(({ name, runs, last, best }) => [
      name,
      String(runs.length),
      ...[last, best].map(({ mean, deviation }) => spreadText(mean, deviation)),
    ]),
  };
}

/** Says so where the runs' last values are of different epochs. */
function differentLengths(runs: readonly ComparedRun[]): string {
  const epochs = runs.map((run) => run.epochs.at(-1) ?? 0);
  const [least, most] = [Math.min(...epochs), Math.max(...epochs)];
  return least === most ? '' : `; the runs have ${least} to ${most} epochs`;
}

function differencesTable({ differences, of, metric, runs }: Comparison): TextTable {
  return {
    title: `difference of the ${of} ${metric}: paired t-test over seeds in common, two-sided${differentLengths(runs)}`,
    header: ['second − first', 'seeds', 'difference', '95% interval', 't', 'p'],
    rows: differences.map((difference) => [
      `${difference.second} − ${difference.first}`,
      String(difference.seeds),
      ...testCells(difference),
    ]),
  };
}

/** Two seeds in common are the least that a test takes. */
function testCells({ test }: GroupDifference): string[] {
  if (!test) return [NONE, NONE, NONE, NONE];
  const [low, high] = test.interval;
  return [
    figureText(test.difference),
    `${figureText(low)} to ${figureText(high)}`,
    figureText(test.t),
    probability(test),
  ];
}

/** None where all differences are equal: the test does not hold for them, however few they are. */
function probability({ t, p }: PairedTest): string {
  if (!Number.isFinite(t)) return NONE;
  return p < 1e-4 ? '< 0.0001' : p.toFixed(4);
}

/** Tables in Markdown. */
export function markdownOf(tables: readonly TextTable[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return tables
    .map(({ title, header, rows }) => {
      const rule = header.map((_, i) => (i === 0 ? '---' : '---:'));
      return [`**${title}**`, '', line(header), line(rule), ...rows.map(line)].join('\n');
    })
    .join('\n\n');
}

/** The table of runs as CSV (RFC 4180), numbers with all of their digits. */
export function csvOf({ runs, metric }: Comparison): string {
  const keys = Object.keys(runs[0]!.settings);
  const header = ['run', ...keys, 'seed', 'epochs_run', `last_${metric}`, `best_${metric}`, 'best_epoch'];
  const rows = runs.map(({ name, settings, seed, epochs, last, best, bestEpoch }) => [
    name,
    ...keys.map((key) => settings[key]!),
    ...[seed, epochs.length, last, best, bestEpoch].map(String),
  ]);
  return csvTable(header, rows);
}
