import { Heading } from '../Heading.jsx';
import { openExportedModel } from '../try/exportedModel.js';
import type { ImageModel } from '../try/imageModel.js';
import { OpenModel } from '../try/OpenModel.jsx';
import { fetchLabels, fetchModel } from './ownFiles.js';

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
  const labels = await fetchLabels();
  const model = await fetchModel('model.onnx', labels);
  return openExportedModel({ labels, model, heatModel: () => fetchModel('gradcam.onnx', labels) });
}
