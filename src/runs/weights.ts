import { parseWeights, type ReadWeightsOptions, type WeightsFile } from '../train/weights.js';
import { readBytes } from './checkpoint.js';

/**
 * Reads a model's tensors, without training state, from a checkpoint of this library, a .safetensors
 * file or a PyTorch checkpoint. The format is recognised by the contents, not by the name.
 *
 * @throws UserError when the file is missing or damaged, is of none of these formats, has a value that is not finite,
 *   or lacks the requested averaged weights
 */
export function readWeights(path: string, options: ReadWeightsOptions = {}): WeightsFile {
  return parseWeights(readBytes(path), path, options);
}
