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

/** Milliseconds after which a stream that the studio has refused is asked for again. */
const PATIENCE = 3000;

/** Follows the runs, by a metric, for as long as the component is shown. */
export function useRuns(metric: string): LiveRuns {
  const [live, setLive] = useState<LiveRuns>({ runs: new Map(), failed: [], state: 'connecting' });
  useEffect(
    () =>
      followRuns(metric, {
        onChanges: (changes, isWhole) => setLive((before) => withChanges(before, changes, isWhole)),
        onLost: () => setLive((before) => ({ ...before, state: 'lost' })),
      }),
    [metric],
  );
  return live;
}

/** What a follower of runs is told. */
interface Listener {
  /** @param isWhole whether the changes are all runs: after the connection was made */
  readonly onChanges: (changes: RunChanges, isWhole: boolean) => void;
  /** The studio does not answer; the page tries again. */
  readonly onLost: () => void;
}

/**
 * Follows the runs while the tab can be seen: browsers have six connections to a server, so that hidden tabs would keep the seventh
 * from being answered. A stream that is refused is closed for good, and asked for again.
 *
 * @returns ends it
 */
function followRuns(metric: string, { onChanges, onLost }: Listener): () => void {
  let stream: EventSource | undefined;
  let waiting: ReturnType<typeof setTimeout> | undefined;
  const close = (): void => {
    clearTimeout(waiting);
    stream?.close();
    stream = undefined;
  };
  const open = (): void => {
    close();
    if (document.visibilityState === 'hidden') return;
    const own = new EventSource(`api/events?metric=${encodeURIComponent(metric)}`);
    stream = own;
    let isFirst = true;
    own.addEventListener('open', () => {
      isFirst = true;
    });
    own.addEventListener('runs', ({ data }: MessageEvent<string>) => {
      onChanges(JSON.parse(data) as RunChanges, isFirst);
      isFirst = false;
    });
    own.addEventListener('error', () => {
      onLost();
      if (own.readyState === EventSource.CLOSED) waiting = setTimeout(open, PATIENCE);
    });
  };
  open();
  document.addEventListener('visibilitychange', open);
  return () => {
    document.removeEventListener('visibilitychange', open);
    close();
  };
}

function withChanges(before: LiveRuns, { changed, removed, failed }: RunChanges, isWhole: boolean): LiveRuns {
  const runs = new Map(isWhole ? [] : before.runs);
  for (const id of removed) runs.delete(id);
  for (const run of changed) runs.set(run.id, run);
  return { runs, failed: isWhole ? failed : [...before.failed, ...failed], state: 'live' };
}
