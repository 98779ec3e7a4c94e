import type { ModelLabels } from '../data/images/modelInput.js';
import type { ModelAbout } from './modelAbout.js';

/** Labels of the model of a page of its own. */
export type PageLabels = ModelLabels & ModelAbout;

/** What the folder of a page has besides scripts, and the names of its files. */
export interface PageContents {
  /** As ONNX. */
  readonly model: Uint8Array;
  /** Its Grad-CAM as ONNX. */
  readonly heatModel: Uint8Array;
  readonly labels: PageLabels;
}

/** A file that tells the folder of a page from others, in which nothing is replaced. */
export const PAGE_MARKER = 'exported-page.txt';

const MARKER_TEXT =
  'biasloss wrote this folder, and replaces its files when a page is exported to it again.\n';

/** The files of a page besides its scripts, in the order in which they are written: where the first one is, the others may be. */
export function pageFilesOf({ model, heatModel, labels }: PageContents): [name: string, data: Uint8Array][] {
  const text = new TextEncoder();
  return [
    [PAGE_MARKER, text.encode(MARKER_TEXT)],
    ['model.onnx', model],
    ['gradcam.onnx', heatModel],
    ['model.labels.json', text.encode(`${JSON.stringify(labels, null, 2)}\n`)],
  ];
}

/** Files of a page for a model: its own, and those of onnxruntime-web in the folder `ort`. */
export interface PageFiles {
  readonly page: readonly string[];
  readonly runtime: readonly string[];
}
