import type { ModelLabels } from '../data/images/modelInput.js';
import type { Preprocessing } from '../data/preprocessing.js';

/** Path of the labels that go with an exported model: `mine.labels.json` beside `mine.onnx`. */
export function labelsPath(model: string): string {
  return `${model.replace(/\.onnx$/i, '')}.labels.json`;
}

/**
 * What stands in the labels of an exported model.
 *
 * @param includePreprocessing whether the model takes bytes
 */
export function modelLabels(
  classes: readonly string[],
  { imageSize, resizeSize, interpolation, exif, mean, std }: Preprocessing,
  includePreprocessing = false,
): ModelLabels {
  const input = includePreprocessing ? 'uint8' : 'float32';
  return { classes, input, imageSize, resizeSize, interpolation, exif, mean, std };
}
