import { useEffect, useState } from 'preact/hooks';
import type { MetricColumns, RunSummary } from '../../api.js';
import { ask, runQuery } from '../client.js';

/** Columns of runs by their ids, asked for again when a run has got further. */
export function useMetrics(runs: readonly RunSummary[]): ReadonlyMap<string, MetricColumns> {
  const [columns, setColumns] = useState<ReadonlyMap<string, MetricColumns>>(new Map());
  const wanted = runs.filter(({ status, epochsDone }) => status !== 'damaged' && epochsDone > 0);
  useEffect(() => {
    let isLeft = false;
    for (const { id, epochsDone } of wanted) {
      if ((columns.get(id)?.epoch ?? []).length === epochsDone) continue;
      ask<MetricColumns>(`api/metrics?${runQuery(id)}`).then(
        (found) => {
          if (!isLeft) setColumns((before) => new Map([...before, [id, found]]));
        },
        // The list says what is wrong with the run.
        () => undefined,
      );
    }
    return () => {
      isLeft = true;
    };
  }, [wanted.map(({ id, epochsDone }) => `${id} ${epochsDone}`).join('\n')]);
  return columns;
}
