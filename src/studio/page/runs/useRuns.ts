import { useEffect, useState } from 'preact/hooks';
import type { RunChanges, RunFailure, RunSummary } from '../../api.js';

/** The runs as the studio says they are now. */
export interface LiveRuns {
  readonly runs: ReadonlyMap<string, RunSummary>;
  /** Runs that failed while the page was open. */
  readonly failed: readonly RunFailure[];
  /** Before the first answer `connecting`, then `live`; `lost` while the studio does not answer. */
  readonly state: 'connecting' | 'live' | 'lost';
}

/** Follows the runs, by a metric, for as long as the component is shown. */
export function useRuns(metric: string): LiveRuns {
  const [live, setLive] = useState<LiveRuns>({ runs: new Map(), failed: [], state: 'connecting' });
  useEffect(() => {
    const stream = new EventSource(`api/events?metric=${encodeURIComponent(metric)}`);
    // The first message of a connection has all runs.
    let isFirst = true;
    stream.addEventListener('open', () => {
      isFirst = true;
    });
    stream.addEventListener('runs', ({ data }: MessageEvent<string>) => {
      const changes = JSON.parse(data) as RunChanges;
      const isWhole = isFirst;
      isFirst = false;
      setLive((before) => withChanges(before, changes, isWhole));
    });
    stream.addEventListener('error', () => setLive((before) => ({ ...before, state: 'lost' })));
    return () => stream.close();
  }, [metric]);
  return live;
}

function withChanges(before: LiveRuns, { changed, removed, failed }: RunChanges, isWhole: boolean): LiveRuns {
  const runs = new Map(isWhole ? [] : before.runs);
  for (const id of removed) runs.delete(id);
  for (const run of changed) runs.set(run.id, run);
  return { runs, failed: isWhole ? failed : [...before.failed, ...failed], state: 'live' };
}
