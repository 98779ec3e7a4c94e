import type { ModelLabels } from '../data/images/modelInput.js';
import { crc32 } from '../formats/crc.js';
import type { ModelAbout } from './modelAbout.js';

/** Labels of the model of a page of its own. */
export interface PageLabels extends ModelLabels, ModelAbout {
  /** Of the page's other files, so that those of two exports are not taken together. Absent in pages of older versions. */
  readonly checksums?: PageChecksums | undefined;
}

/** CRC-32 of the files of a page's models, as hexadecimal digits. */
export type PageChecksums = Readonly<Record<ModelFile, string>>;

/** A model of a page: the one that classifies, and its Grad-CAM. */
export type ModelFile = 'model.onnx' | 'gradcam.onnx';

/** What the folder of a page has besides scripts, and the names of its files. */
export interface PageContents {
  /** As ONNX. */
  readonly model: Uint8Array;
  /** Its Grad-CAM as ONNX. */
  readonly heatModel: Uint8Array;
  readonly labels: Omit<PageLabels, 'checksums'>;
}

/** A file that tells the folder of a page from others, in which nothing is replaced. */
export const PAGE_MARKER = 'exported-page.txt';

const MARKER_TEXT =
  'biasloss wrote this folder, and replaces its files when a page is exported to it again.\n';

/** The files of a page besides its scripts, in the order in which they are written: where the first one is, the others may be. */
export function pageFilesOf({ model, heatModel, labels }: PageContents): [name: string, data: Uint8Array][] {
  const checksums: PageChecksums = {
    'model.onnx': checksumOf(model),
    'gradcam.onnx': checksumOf(heatModel),
  };
  const text = new TextEncoder();
  return [
    [PAGE_MARKER, text.encode(MARKER_TEXT)],
    ['model.onnx', model],
    ['gradcam.onnx', heatModel],
    ['model.labels.json', text.encode(`${JSON.stringify({ ...labels, checksums }, null, 2)}\n`)],
  ];
}

/** The checksum of a model's file, as {@link PageChecksums} has it. */
export function checksumOf(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, '0');
}

/** Files of a page for a model: its own, and those of onnxruntime-web in the folder `ort`. */
export interface PageFiles {
  readonly page: readonly string[];
  readonly runtime: readonly string[];
}
