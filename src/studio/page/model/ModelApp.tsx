import type { PageLabels } from '../../pageFiles.js';
import { Heading } from '../Heading.jsx';
import { openExportedModel } from '../try/exportedModel.js';
import type { ImageModel } from '../try/imageModel.js';
import { OpenModel } from '../try/OpenModel.jsx';

/** The whole page: the model beside it, to be tried. */
export function ModelApp() {
  return (
    <main>
      <Heading text="What is it?" />
      <p>The model runs in this page. Images stay on this machine.</p>
      <OpenModel open={openOwnModel} />
    </main>
  );
}

async function openOwnModel(): Promise<ImageModel> {
  const labels = (await (await answer('model.labels.json')).json()) as PageLabels;
  const model = await bytesOf('model.onnx');
  return openExportedModel({ labels, model, heatModel: () => bytesOf('gradcam.onnx') });
}

async function bytesOf(path: string): Promise<Uint8Array> {
  return new Uint8Array(await (await answer(path)).arrayBuffer());
}

async function answer(path: string): Promise<Response> {
  // Opened as a file, the page cannot read what lies beside it.
  if (location.protocol === 'file:') throw new Error('the page must be served by a web server');
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} is missing beside the page`);
  return response;
}
