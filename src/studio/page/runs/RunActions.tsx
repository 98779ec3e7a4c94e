import { useState } from 'preact/hooks';
import type { EarlyEnd, ResumeRequest, RunOwner, RunSummary } from '../../api.js';
import { metricText } from '../../table/runTable.js';
import { hasToken, runQuery, tell } from '../client.js';
import { Problem } from '../Problem.jsx';
import { usePending } from '../usePending.js';

/** Props of {@link RunActions}. */
interface RunActionsProps {
  readonly run: RunSummary;
  /** The folder of runs, as the studio was given it. */
  readonly folder: string;
  readonly onCopy: () => void;
}

/** Buttons to stop and resume a run, and to start another with its settings. */
export function RunActions({ run, folder, onCopy }: RunActionsProps) {
  const [problem, setProblem] = useState('');
  const [isPending, once] = usePending();
  if (!hasToken()) return null;
  const act = (what: 'stop' | 'resume', body: object = {}): void => {
    setProblem('');
    const told = () => tell<void>(`api/runs/${what}?${runQuery(run.id)}`, body);
    void once(() => told().catch((error: Error) => setProblem(error.message)));
  };
  const isStopping = run.progress?.phase === 'stopping';
  return (
    <div class="row">
      {run.status === 'running' && run.isOwn && (
        <button type="button" onClick={() => act('stop')} disabled={isStopping || isPending}>
          Stop
        </button>
      )}
      {run.owner && <Elsewhere owner={run.owner} folder={folder} />}
      {(run.status === 'stopped' || run.status === 'complete') && (
        <Resume run={run} isPending={isPending} onResume={(body) => act('resume', body)} />
      )}
      {run.earlyEnd && <Early end={run.earlyEnd} run={pathIn(folder, run.id)} />}
      {run.settings !== null && (
        <button type="button" onClick={onCopy}>
          New run with these settings
        </button>
      )}
      <Problem text={problem} />
    </div>
  );
}

/** Whose a run is that the studio did not start. */
function Elsewhere(props: { readonly owner: RunOwner; readonly folder: string }) {
  const { pid, host, lock } = props.owner;
  return (
    <p class="muted">
      It was started elsewhere, by process {pid}
      {host === undefined ? '' : ` on ${host}`}: stop it there. If that process is not a run in this folder,
      remove <code>{pathIn(props.folder, lock)}</code> to resume the run here.
    </p>
  );
}

/** A run without patience left ends again as soon as it is resumed. @param props.run its path for a command line */
function Early({ end, run }: { readonly end: EarlyEnd; readonly run: string }) {
  const { metric, staleEpochs } = end;
  return (
    <p class="muted">
      It ended early: {staleEpochs} {staleEpochs === 1 ? 'epoch' : 'epochs'} brought no better{' '}
      {metricText(metric)}. To go on, give it more patience:{' '}
      <code>
        biasloss train --resume {run} --patience {2 * staleEpochs}
      </code>
    </p>
  );
}

/** A run's path in the command line's words. */
function pathIn(folder: string, id: string): string {
  const path = `${folder}/${id}`;
  return /\s/.test(path) ? `"${path}"` : path;
}

function Resume(props: {
  readonly run: RunSummary;
  readonly isPending: boolean;
  readonly onResume: (request: ResumeRequest) => void;
}) {
  const { run, isPending, onResume } = props;
  const [epochs, setEpochs] = useState('');
  const isDone = run.status === 'complete' && !(Number(epochs) > (run.epochs ?? 0));
  return (
    <>
      <label class="field">
        Epochs in all
        <input
          type="number"
          min={1}
          value={epochs}
          placeholder={String(run.epochs ?? '')}
          onInput={({ currentTarget }) => setEpochs(currentTarget.value)}
        />
      </label>
      <button
        type="button"
        onClick={() => onResume(epochs === '' ? {} : { epochs: Number(epochs) })}
        disabled={isDone || isPending}
      >
        Resume
      </button>
    </>
  );
}
