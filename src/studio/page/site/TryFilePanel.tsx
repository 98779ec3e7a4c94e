import { useCallback, useState } from 'preact/hooks';
import { readOnnxClassifier } from '../../../formats/onnx/readClassifier.js';
import { Heading } from '../Heading.jsx';
import { openCheckpointModel } from '../try/checkpointModel.js';
import { openExportedModel } from '../try/exportedModel.js';
import type { ImageModel } from '../try/imageModel.js';
import { OpenModel } from '../try/OpenModel.jsx';

/** A model of the visitor's, from a file, which is tried in the page. */
export function TryFilePanel() {
  const [file, setFile] = useState<File>();
  const open = useCallback(() => openFile(file!), [file]);
  return (
    <>
      <Heading text="Try it" />
      <p>
        Open a checkpoint of biasloss (.safetensors or .pth) or a model that <code>biasloss export</code>{' '}
        wrote (.onnx). Nothing is uploaded: model and images stay on this machine.
      </p>
      <div class="row">
        <label class="field">
          Model
          <input
            type="file"
            accept=".safetensors,.pth,.onnx"
            onChange={({ currentTarget }) => setFile(currentTarget.files?.[0])}
          />
        </label>
      </div>
      {file && <OpenModel open={open} />}
    </>
  );
}

async function openFile(file: File): Promise<ImageModel> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (!/\.onnx$/i.test(file.name)) return openCheckpointModel(bytes, file.name);
  const { takesBytes, channels: _, ...preprocessing } = readOnnxClassifier(bytes, file.name);
  const input = takesBytes ? 'uint8' : 'float32';
  const about = { name: file.name, bytes: { '': bytes.length } };
  return openExportedModel({ labels: { ...preprocessing, input, ...about }, model: bytes });
}
