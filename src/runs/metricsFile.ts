import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';

/** Columns of a run's `metrics.csv` by name, one number per epoch, which is not finite where the run’s was not. */
export type Metrics = Readonly<Record<string, readonly number[]>>;

/** The file of a run's folder that has them. */
export const METRICS_FILE = 'metrics.csv';

/**
 * Reads the metrics of a run.
 *
 * @param run the run's folder, or its name in `runs/`
 * @throws UserError when there is no such file, or it is not from a run
 */
export function readMetrics(run: string): Metrics {
  return readMetricsFile(join(runFolderOf(run), METRICS_FILE));
}

/**
 * The folder of a run.
 *
 * @param run the folder, or its name in `runs/`
 * @throws UserError when it has no metrics.csv
 */
export function runFolderOf(run: string): string {
  const folder = [run, join('runs', run)].find((path) => existsSync(join(path, METRICS_FILE)));
  if (folder === undefined) throw new UserError(`${run} is not a run: it has no ${METRICS_FILE}`);
  return folder;
}

/**
 * Whether a run has been started, but has not finished an epoch.
 *
 * @param run the run's folder, or its name in `runs/`
 */
export function isBeforeFirstEpoch(run: string): boolean {
  const has = (folder: string, name: string): boolean => existsSync(join(folder, name));
  const folders = [run, join('runs', run)];
  const folder = folders.find((path) => has(path, METRICS_FILE));
  if (folder === undefined) return folders.some((path) => has(path, 'config.json'));
  const [header = '', ...rows] = readFileSync(join(folder, METRICS_FILE), 'utf8').trim().split('\n');
  return rows.length === 0 && header.split(',').includes('epoch');
}

/**
 * Reads a run's table that has a row of numbers for each epoch.
 *
 * @throws UserError when it is missing, damaged or has no epoch yet
 */
export function readMetricsFile(path: string): Metrics {
  return parseMetrics(readFileSync(path, 'utf8'), path);
}

/**
 * Parses the text of such a table.
 *
 * @param path names the file in messages
 * @throws UserError when it is damaged or has no epoch yet
 */
export function parseMetrics(text: string, path: string): Metrics {
  const [header = '', ...lines] = text.trim().split('\n');
  const names = header.split(',');
  if (!names.includes('epoch'))
    throw new UserError(`${path} is not the metrics file of a run: it has no column "epoch"`);
  if (lines.length === 0) throw new UserError(`${path} has no epoch yet`);
  const rows = finiteRows(lines) ?? lines.map((line) => line.split(',').map(numberOf));
  const bad = rows.findIndex((row) => row.length !== names.length || row.includes(undefined));
  if (bad >= 0)
    throw new UserError(`${path} is damaged: row ${bad + 1} does not have ${names.length} numbers`);
  return Object.fromEntries(names.map((name, column) => [name, rows.map((row) => row[column]!)]));
}

/** Rows that are numbers of JSON, which is parsed several times faster than cells one by one; undefined for others. */
function finiteRows(lines: readonly string[]): (number | undefined)[][] | undefined {
  try {
    const rows = JSON.parse(`[[${lines.join('],[')}]]`) as unknown[][];
    const isNumbers = (row: readonly unknown[]): row is number[] =>
      row.every((cell) => typeof cell === 'number');
    return rows.length === lines.length && rows.every(isNumbers) ? rows : undefined;
  } catch {
    return undefined;
  }
}

/** The number in a cell, which may be NaN or infinite; undefined for anything else. */
function numberOf(cell: string): number | undefined {
  const value = Number(cell);
  return cell === '' || (Number.isNaN(value) && cell !== 'NaN') ? undefined : value;
}
