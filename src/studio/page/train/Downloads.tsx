import { useState } from 'preact/hooks';
import type { ExportOptions } from '../../../engines/onnx/exportModel.js';
import { errorMessage } from '../../../errors.js';
import { exportGradCam } from '../../../report/analysis/exportGradCam.js';
import { modelLabels } from '../../../runs/modelLabels.js';
import { exportModelOnnx, exportSafetensors } from '../../../train/exportWeights.js';
import { describeData, preprocessingOf } from '../../../train/preprocessing.js';
import { download } from '../download.js';
import { Problem } from '../Problem.jsx';
import { aboutOf, type OpenCheckpoint, readModel } from '../try/checkpointModel.js';
import { pageArchive } from './pageArchive.js';
import type { ShownTraining } from './trainingState.js';

/** Props of {@link Downloads}. */
interface DownloadsProps {
  /** Bytes of the best epoch's checkpoint. */
  readonly best: Uint8Array;
  readonly training: ShownTraining;
}

/** The trained model as files. */
export function Downloads({ best, training }: DownloadsProps) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const name = training.job.plan.model;
  const save = async (make: () => Promise<void> | void): Promise<void> => {
    setBusy(true);
    setProblem('');
    try {
      await make();
    } catch (error) {
      setProblem(errorMessage(error));
    }
    setBusy(false);
  };
  const button = (text: string, make: () => Promise<void> | void) => (
    <button type="button" disabled={isBusy} onClick={() => save(make)}>
      {text}
    </button>
  );
  return (
    <>
      <div class="row">
        {button('Download ONNX', () => download(`${name}.onnx`, [onnxOf(best)], 'application/octet-stream'))}
        {button('Download safetensors', () =>
          download(`${name}.safetensors`, safetensorsOf(best), 'application/octet-stream'),
        )}
        {button('Download a page', async () =>
          download(`${name}.zip`, await pageOf(best), 'application/zip'),
        )}
      </div>
      <p class="muted">
        The page is a folder that any web server can serve: the model, its labels and the files that run it.
      </p>
      <Problem text={problem} />
    </>
  );
}

/** How a model is exported: it takes bytes as they are. */
function exportOptionsOf({ info }: OpenCheckpoint): ExportOptions {
  return { ...describeData(info.data.classes, preprocessingOf(info)), includePreprocessing: true };
}

function onnxOf(best: Uint8Array): Uint8Array {
  const opened = readModel(best, 'the trained model');
  return exportModelOnnx(opened.model, opened.tensors, exportOptionsOf(opened));
}

/** The model without the state of its training. */
function safetensorsOf(best: Uint8Array): Uint8Array[] {
  const { tensors, info } = readModel(best, 'the trained model');
  return exportSafetensors(tensors, { model: info.model, data: info.data });
}

function pageOf(best: Uint8Array): Promise<Uint8Array[]> {
  const opened = readModel(best, 'the trained model');
  const { model, tensors, info } = opened;
  const options = exportOptionsOf(opened);
  const labels = modelLabels(info.data.classes, preprocessingOf(info), true);
  return pageArchive({
    model: exportModelOnnx(model, tensors, options),
    heatModel: exportGradCam(model, tensors, options),
    labels: { ...labels, ...aboutOf(opened) },
  });
}
