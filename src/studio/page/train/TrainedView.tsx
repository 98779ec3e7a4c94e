import { useCallback, useState } from 'preact/hooks';
import { Chart } from '../chart/Chart.jsx';
import { lookOf } from '../chart/palette.js';
import { Problem } from '../Problem.jsx';
import { openCheckpointModel } from '../try/checkpointModel.js';
import { OpenModel } from '../try/OpenModel.jsx';
import { Downloads } from './Downloads.jsx';
import type { ShownTraining } from './trainingState.js';

/** Props of {@link TrainedView}. */
interface TrainedViewProps {
  readonly training: ShownTraining;
  readonly isRunning: boolean;
}

/** A training's curves, and the model that it gave. */
export function TrainedView({ training, isRunning }: TrainedViewProps) {
  const { epochs, steps, best, engine, status, notice, problem } = training;
  const x = epochs.map(({ epoch }) => epoch + 1);
  return (
    <>
      <p role="status" class="progress">
        {status}
      </p>
      {engine !== '' && <p class="muted">{engine}</p>}
      {notice !== '' && <p class="muted">{notice}.</p>}
      <Problem text={problem} />
      <div class="grid">
        <Chart
          title="Top-1, %"
          xLabel="epoch"
          series={[
            { label: 'test', look: lookOf(0), x, y: epochs.map(({ test }) => test.top1) },
            { label: 'training', look: lookOf(1), x, y: epochs.map(({ train }) => train.top1) },
          ]}
        />
        <Chart
          title="Loss"
          xLabel="step"
          series={[{ label: 'training', look: lookOf(2), x: steps.numbers, y: steps.losses }]}
        />
      </div>
      {best && !isRunning && <TrainedModel best={best} training={training} />}
    </>
  );
}

/** The model of the best epoch: to be downloaded, and tried. */
function TrainedModel({ best, training }: { readonly best: Uint8Array; readonly training: ShownTraining }) {
  const [isTried, setTried] = useState(false);
  const open = useCallback(() => openCheckpointModel(best, 'the trained model'), [best]);
  return (
    <section aria-labelledby="trained">
      <h2 id="trained">The model of the best epoch</h2>
      <Downloads best={best} training={training} />
      <div class="row">
        <button type="button" aria-pressed={isTried} onClick={() => setTried(!isTried)}>
          Try it here
        </button>
      </div>
      {isTried && <OpenModel open={open} />}
    </section>
  );
}
