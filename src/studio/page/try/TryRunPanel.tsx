import { useCallback, useState } from 'preact/hooks';
import { Choice } from '../Choice.jsx';
import { askBytes, hasToken, runQuery } from '../client.js';
import { Heading } from '../Heading.jsx';
import { LostNotice } from '../runs/LostNotice.jsx';
import { RunChoice } from '../runs/RunChoice.jsx';
import { runsWithModel } from '../runs/runsWithModel.js';
import { usePinned } from '../runs/usePinned.js';
import { useRuns } from '../runs/useRuns.js';
import { WithoutRuntime } from '../WithoutRuntime.jsx';
import { openCheckpointModel } from './checkpointModel.js';
import type { ImageModel } from './imageModel.js';
import { OpenModel } from './OpenModel.jsx';
import { SizesCard } from './SizesCard.jsx';

/** Files of a run's checkpoints, and what they are called. */
const CHECKPOINTS = [
  ['best', 'best epoch'],
  ['last', 'last epoch'],
] as const;

/** Props of {@link TryRunPanel}. */
interface TryRunPanelProps {
  /** The id of the run whose model is tried; empty: the newest. */
  readonly run: string;
  /** Whether the studio has onnxruntime-web's files. */
  readonly hasRuntime: boolean;
}

/** The model of a run, tried in the page. */
export function TryRunPanel({ run, hasRuntime }: TryRunPanelProps) {
  const { runs, state } = useRuns('test_top1');
  const [which, setWhich] = useState<string>('best');
  const usable = runsWithModel(runs.values()).map(({ id }) => id);
  const shown = usePinned(run, usable);
  const open = useCallback(async () => {
    const bytes = await askBytes(`api/model/weights?${runQuery(shown)}&which=${which}`);
    return openCheckpointModel(bytes, `${shown}/${which}.safetensors`);
  }, [shown, which]);
  const sizes = (model: ImageModel) => (
    <SizesCard key={`${shown} ${which}`} {...{ model, which }} run={shown} />
  );
  return (
    <>
      <Heading text="Try it" />
      {!hasToken() && (
        <p class="muted">To open a model, open the whole address that the studio printed, with its token.</p>
      )}
      <LostNotice state={state} />
      {state === 'live' && usable.length === 0 && <p>No run has finished an epoch yet.</p>}
      {shown !== '' && (
        <div class="row">
          <RunChoice {...{ panel: 'try', shown, usable }} />
          <Choice label="Checkpoint" value={which} options={CHECKPOINTS} onChoice={setWhich} />
        </div>
      )}
      {!hasRuntime && <WithoutRuntime />}
      {hasRuntime && shown !== '' && hasToken() && <OpenModel open={open} also={sizes} />}
    </>
  );
}
