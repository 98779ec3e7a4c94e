import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';

/** Columns of a run's `metrics.csv` by name, a number an epoch. */
export type Metrics = Readonly<Record<string, readonly number[]>>;

/**
 * Reads the metrics of a run.
 *
 * @param run the run's folder, or its name in `runs/`
 * @throws UserError when there is no such file, or it is none that a run wrote
 */
export function readMetrics(run: string): Metrics {
  const path = [join(run, 'metrics.csv'), join('runs', run, 'metrics.csv')].find((file) => existsSync(file));
  if (path === undefined) throw new UserError(`${run} is no run: it has no metrics.csv`);
  const [names = [], ...rows] = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  if (!names.includes('epoch')) throw new UserError(`${path} is no run’s metrics: it has no column "epoch"`);
  if (rows.length === 0) throw new UserError(`${path} has no epoch yet`);
  const bad = rows.findIndex(
    (row) => row.length !== names.length || row.some((cell) => Number.isNaN(Number(cell))),
  );
  if (bad >= 0) throw new UserError(`${path} is damaged: row ${bad + 1} has not ${names.length} numbers`);
  return Object.fromEntries(names.map((name, column) => [name, rows.map((row) => Number(row[column]))]));
}
