import type { RunProgress, RunSummary } from '../../api.js';

const PHASES: Readonly<Record<RunProgress['phase'], string>> = {
  starting: 'starting',
  train: 'training',
  test: 'testing',
  report: 'writing the report',
  stopping: 'stopping',
};

/** How a run is, with its progress if the studio knows it. */
export function RunStatusText({ run }: { readonly run: RunSummary }) {
  const { status, progress } = run;
  if (!progress) return <>{status}</>;
  const { phase, epoch, done } = progress;
  const where = epoch > 0 && (phase === 'train' || phase === 'test') ? `, epoch ${epoch}` : '';
  return (
    <>
      {PHASES[phase]}
      {where}
      {(phase === 'train' || phase === 'test') && (
        <>
          {' '}
          <progress value={done} max={1} aria-label={`Progress of ${run.id} in the epoch`} />
        </>
      )}
    </>
  );
}
