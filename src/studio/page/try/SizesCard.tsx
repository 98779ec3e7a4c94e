import type { ImageModel } from './imageModel.js';
import { millisecondsText } from './milliseconds.js';
import { sizeText } from './sizes.js';
import { type CheckpointChoice, type SizedFile, type Sizes, useSizes } from './useSizes.js';

const NUMBERS = [
  ['f32', '32-bit floats'],
  ['f16', '16-bit floats'],
  ['int8', '8-bit integers'],
] as const;

/** Props of {@link SizesCard}. */
interface SizesCardProps extends CheckpointChoice {
  /** The checkpoint's model. */
  readonly model: ImageModel;
}

/** The size of a model's ONNX file in several numbers, and the time that each takes for an image. */
export function SizesCard({ model, run, which }: SizesCardProps) {
  const { files, doing, report, measure, exportInt8 } = useSizes(model, { run, which });
  return (
    <section class="card" aria-labelledby="sizes">
      <h2 id="sizes">Sizes and times</h2>
      <p class="muted">
        The model as an ONNX file, and the median time of 21 images one by one, on this device’s processor.
        16-bit floats are weights in the file: they are computed with 32 bits.
      </p>
      <div class="row middle">
        <button type="button" disabled={doing !== ''} onClick={measure}>
          Measure
        </button>
        {files.int8 && (
          <button type="button" disabled={doing !== ''} onClick={exportInt8}>
            Export int8
          </button>
        )}
        <span role="status">{doing}</span>
      </div>
      {Object.keys(files).length > 0 && <SizesTable files={files} />}
      {files.int8 && 'problem' in files.int8 && (
        <p>
          int8: {files.int8.problem}. “Export int8” does it as <code>biasloss export --int8</code>, calibrated
          on 128 training images of the run, and takes up to a few minutes.
        </p>
      )}
      {report !== '' && <pre>{report}</pre>}
    </section>
  );
}

function SizesTable({ files }: Pick<Sizes, 'files'>) {
  return (
    <table class="sizes">
      <thead>
        <tr>
          <th scope="col" class="words">
            numbers
          </th>
          <th scope="col">file</th>
          <th scope="col">time per image</th>
        </tr>
      </thead>
      <tbody>
        {NUMBERS.map(([numbers, name]) => (
          <SizeRow key={numbers} name={`${numbers}: ${name}`} file={files[numbers]} />
        ))}
      </tbody>
    </table>
  );
}

function SizeRow({ name, file }: { readonly name: string; readonly file: SizedFile | undefined }) {
  const isThere = file !== undefined && 'bytes' in file;
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{isThere ? sizeText(file.bytes) : file ? 'none' : '…'}</td>
      <td>{isThere ? millisecondsText(file.time) : file ? '–' : '…'}</td>
    </tr>
  );
}
