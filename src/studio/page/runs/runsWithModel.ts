import type { RunSummary } from '../../api.js';

/** Runs that have a model, the newest first. */
export function runsWithModel(runs: Iterable<RunSummary>): RunSummary[] {
  return [...runs]
    .filter(({ status, epochsDone }) => status !== 'damaged' && epochsDone > 0)
    .sort((a, b) => b.started - a.started);
}
