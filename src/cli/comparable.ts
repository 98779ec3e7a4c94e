import { isBeforeFirstEpoch } from '../runs/metricsFile.js';
import { printNotice } from './output.js';

/** The runs that have an epoch to show; a notice says of each other one that it is left out, unless there are none at all. */
export function withEpochs(runs: readonly string[]): string[] {
  const early = runs.filter(isBeforeFirstEpoch);
  if (early.length === runs.length) return [...runs];
  for (const run of early) printNotice(`${run} has no epoch yet: it is left out`);
  return runs.filter((run) => !early.includes(run));
}
