import { type ExportOptions, exportOnnx } from '../../engines/onnx/exportModel.js';
import { freeze } from '../../graph/freeze.js';
import type { Model } from '../../models/model.js';
import { floatsOf, type StateDictTensors } from '../../train/stateDict.js';
import { gradCamProgram } from './gradCam.js';

/**
 * Grad-CAM of a model as ONNX: (images of one image, `chosen` [1, classes] with a 1 at the class) → `heat` [1, h, w], not negative.
 *
 * @param options as those of the model's own ONNX file, whose input it shares
 */
export function exportGradCam(model: Model, tensors: StateDictTensors, options: ExportOptions): Uint8Array {
  const values = new Map([...tensors].map(([name, tensor]) => [name, floatsOf(tensor)]));
  return exportOnnx(freeze(gradCamProgram(model, 1), values), options);
}
