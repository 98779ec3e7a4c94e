import { prepareImage } from '../../../data/images/modelInput.js';
import { RemoteCalls } from '../../../engines/host/channel/remoteCalls.js';
import { overWebWorker } from '../../../engines/host/channel/web.js';
import { errorMessage, UserError } from '../../../errors.js';
import type { PageLabels } from '../../pageFiles.js';
import type { ImageModel } from './imageModel.js';
import type { OnnxCalls } from './onnxCalls.js';
import { runtimeFiles } from './runtime.js';

/** An exported model: its labels, its bytes, and where the model is that computes Grad-CAM for it. */
export interface ExportedFiles {
  readonly labels: PageLabels;
  readonly model: Uint8Array;
  /** Fetches it when it is first needed. */
  readonly heatModel?: (() => Promise<Uint8Array>) | undefined;
}

/**
 * Opens an exported model in a worker.
 *
 * @throws UserError when onnxruntime-web's files are missing, or the model is damaged
 */
export async function openExportedModel({ labels, model, heatModel }: ExportedFiles): Promise<ImageModel> {
  const worker = new Worker(new URL('./onnx.worker.ts', import.meta.url), { type: 'module' });
  const calls = new RemoteCalls<OnnxCalls>(overWebWorker(worker), {
    owner: 'the model',
    worker: 'the worker of the model',
  });
  const runtime = runtimeFiles();
  try {
    await calls.call('open', { model, runtime });
    // The first run takes longer than the others.
    await calls.call('run', prepareImage(blank(), labels));
  } catch (error) {
    await calls.close();
    throw new UserError(`the model cannot be opened with ${runtime.wasm}: ${errorMessage(error)}`);
  }
  let heatOpened: Promise<void> | undefined;
  const openHeat = async (): Promise<void> => calls.call('openHeat', { model: await heatModel!() });
  return {
    about: labels,
    labels,
    logitsOf: (input) => calls.call('run', input),
    heatOf:
      heatModel &&
      (async (input, label) => {
        heatOpened ??= openHeat();
        await heatOpened;
        const chosen = Float32Array.from(labels.classes, (_, i) => Number(i === label));
        return calls.call('heat', { input, chosen });
      }),
    close: () => calls.close(),
  };
}

/** A black image. */
function blank() {
  return { data: new Uint8Array(4 * 8 * 8), width: 8, height: 8 };
}
