import type { RunChanges, RunSummary } from '../api.js';
import type { RunIndex } from './runIndex.js';
import type { RunProcesses } from './runProcesses.js';

/** The runs as the page lists them: what is in the folder, with what the studio knows of its own processes. */
export class RunList {
  constructor(
    private readonly index: RunIndex,
    private readonly processes: RunProcesses,
  ) {}

  /** All runs now, by a column of `metrics.csv`. */
  list(metric: string): RunSummary[] {
    const runs = this.index.list(metric);
    const own = new Set(this.processes.ids);
    const listed = runs.map((run) => (own.delete(run.id) ? this.withProgress(run) : run));
    // Those that have not made their folders yet.
    return [...listed, ...[...own].map((id) => this.withProgress(startingRun(id)))];
  }

  /** A follower of changes: each call gives what is new since the last one. */
  follow(metric: string): () => RunChanges {
    let shown = new Map<string, string>();
    let told = 0;
    return () => {
      const runs = this.list(metric);
      const now = new Map(runs.map((run) => [run.id, JSON.stringify(run)]));
      const changed = runs.filter(({ id }) => shown.get(id) !== now.get(id));
      const removed = [...shown.keys()].filter((id) => !now.has(id));
      const { failures, count } = this.processes.failuresSince(told);
      [shown, told] = [now, count];
      return { changed, removed, failed: failures };
    };
  }

  private withProgress(run: RunSummary): RunSummary {
    const progress = this.processes.progressOf(run.id);
    const { owner: _, earlyEnd: __, ...known } = run;
    return { ...known, status: 'running', isOwn: true, ...(progress && { progress }) };
  }
}

function startingRun(id: string): RunSummary {
  return {
    id,
    status: 'running',
    settings: null,
    epochsDone: 0,
    epochs: null,
    started: 0,
    isOwn: true,
    hasReport: false,
    last: null,
    best: null,
    bestEpoch: null,
  };
}
