import { UserError } from '../../../errors.js';
import { zipChunks } from '../../../formats/zip/writeZip.js';
import type { PageFiles, PageLabels } from '../../modelAbout.js';

/**
 * A folder with a page that classifies images with a model, as a ZIP file.
 *
 * @throws UserError when a file of the site is missing
 */
export async function pageArchive(contents: {
  /** As ONNX. */
  readonly model: Uint8Array;
  /** Its Grad-CAM as ONNX. */
  readonly heatModel: Uint8Array;
  readonly labels: PageLabels;
}): Promise<Uint8Array[]> {
  const { model, heatModel, labels } = contents;
  const list = new TextDecoder().decode(await contentsOf('page/files.json'));
  const { page, runtime } = JSON.parse(list) as PageFiles;
  const fetched = [
    ...page.map((name) => ({ name, from: `page/${name}` })),
    ...runtime.map((name) => ({ name: `ort/${name}`, from: `ort/${name}` })),
  ];
  const files = await Promise.all(
    fetched.map(async ({ name, from }) => ({ name, data: await contentsOf(from) })),
  );
  const text = new TextEncoder().encode(`${JSON.stringify(labels, null, 2)}\n`);
  return zipChunks([
    ...files,
    { name: 'model.onnx', data: model },
    { name: 'gradcam.onnx', data: heatModel },
    { name: 'model.labels.json', data: text },
  ]);
}

async function contentsOf(path: string): Promise<Uint8Array> {
  const response = await fetch(path);
  if (!response.ok) throw new UserError(`the site has no ${path}: the page cannot be made`);
  return new Uint8Array(await response.arrayBuffer());
}
