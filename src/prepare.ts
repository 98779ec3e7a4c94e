/**
 * `biasloss/prepare`: images for an exported model, in pages and apps, without the rest of the library and without
 * Node.
 */
export type { CanvasPixels } from './data/images/canvasPixels.js';
export {
  type ClassProbability,
  type ModelInput,
  type ModelLabels,
  prepareImage,
  rankClasses,
} from './data/images/modelInput.js';
export { decodeToCanvas } from './data/images/pageImages.js';
export type { ExifHandling, Preprocessing } from './data/preprocessing.js';
