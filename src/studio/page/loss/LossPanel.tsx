import { useState } from 'preact/hooks';
import type { RunSummary } from '../../api.js';
import { Choice } from '../Choice.jsx';
import { hasToken } from '../client.js';
import { Heading } from '../Heading.jsx';
import { Problem } from '../Problem.jsx';
import { LostNotice } from '../runs/LostNotice.jsx';
import { RunChoice } from '../runs/RunChoice.jsx';
import { runsWithModel } from '../runs/runsWithModel.js';
import { usePinned } from '../runs/usePinned.js';
import { useRuns } from '../runs/useRuns.js';
import { LossView } from './LossView.jsx';
import { useVariances } from './useVariances.js';

/** Numbers of images that may be looked at. */
const IMAGES = ['32', '64', '128', '256', '512'];

/** The bias loss explained: its weights over the variances of a run's test images. */
export function LossPanel({ run }: { readonly run: string }) {
  const { runs, state } = useRuns('test_top1');
  const [images, setImages] = useState('128');
  const usable = usableRuns(runs.values()).map(({ id }) => id);
  const shown = usePinned(run, usable);
  const { figures, isWaiting, problem } = useVariances(hasToken() ? shown : '', images);
  return (
    <>
      <Heading text="Bias loss" />
      <p>
        The bias loss multiplies the loss of each image by a weight, z(v) = exp(α·u) − β. Here v is the
        variance of the image’s features before the classifier, and u = (v − m) / (max v − min v) over the
        batch. Images whose features vary little count less. The images below are treated as one batch.
      </p>
      {!hasToken() && (
        <p class="muted">
          To evaluate a model, open the whole address that the studio printed, with its token.
        </p>
      )}
      <LostNotice state={state} />
      {state === 'live' && usable.length === 0 && <p>No run has finished an epoch yet.</p>}
      {shown !== '' && (
        <div class="row">
          <RunChoice panel="loss" shown={shown} usable={usable} />
          <Choice
            label="Test images"
            value={images}
            options={IMAGES.map((count) => [count, count])}
            onChoice={setImages}
          />
        </div>
      )}
      <p role="status">{isWaiting && 'Evaluating the model …'}</p>
      <Problem text={problem} />
      {figures && <LossView key={shown} figures={figures} />}
    </>
  );
}

/** Runs that have a model: those with the bias loss first, the newest before others. */
function usableRuns(runs: Iterable<RunSummary>): RunSummary[] {
  const isOther = ({ settings }: RunSummary): number =>
    Number(settings === null || (settings.loss ?? 'bias') !== 'bias');
  return runsWithModel(runs).sort((a, b) => isOther(a) - isOther(b));
}
