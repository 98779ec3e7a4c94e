import { useState } from 'preact/hooks';
import type { RunFailure, SettingValues, StudioInfo } from '../../api.js';
import { LostNotice } from './LostNotice.jsx';
import { RunDetails } from './RunDetails.jsx';
import { RunsOverview } from './RunsOverview.jsx';
import { StartDialog } from './StartDialog.jsx';
import { useDismissal } from './useDismissal.js';
import { useRuns } from './useRuns.js';

/** Props of {@link RunsPanel}. */
interface RunsPanelProps {
  readonly info: StudioInfo;
  /** The id of the run to show; empty for all of them. */
  readonly run: string;
}

/** The runs: all of them, or one. */
export function RunsPanel({ info, run }: RunsPanelProps) {
  const [metric, setMetric] = useState('test_top1');
  // Settings of the form that starts a run, while it is open.
  const [start, setStart] = useState<SettingValues | null>();
  const live = useRuns(metric);
  const [failed, dismiss] = useDismissal(live.failed);
  const shown = live.runs.get(run);
  return (
    <>
      <LostNotice state={live.state} />
      {failed.length > 0 && <Failures failed={failed} onSeen={dismiss} />}
      {run === '' && (
        <RunsOverview
          info={info}
          live={live}
          metric={metric}
          onMetric={setMetric}
          onStart={() => setStart(null)}
        />
      )}
      {shown && <RunDetails info={info} run={shown} onCopy={() => setStart(shown.settings)} />}
      {run !== '' && !shown && live.state === 'live' && <p>There is no run {run}.</p>}
      {start !== undefined && <StartDialog info={info} copied={start} onClose={() => setStart(undefined)} />}
    </>
  );
}

function Failures(props: { readonly failed: readonly RunFailure[]; readonly onSeen: () => void }) {
  return (
    <div class="notice" role="alert">
      <div>
        {props.failed.map(({ key, id, message }) => (
          <p key={key}>
            {id}: {message}.
          </p>
        ))}
      </div>
      <button type="button" onClick={props.onSeen}>
        Dismiss
      </button>
    </div>
  );
}
