import { parseWeights, type ReadWeightsOptions, type WeightsFile } from '../train/weights.js';
import { withArchitecture } from './architecture.js';
import { readBytes } from './checkpoint.js';
import { publishedDescription } from './hub/publishedDescription.js';

/**
 * Reads a model's tensors, without training state, from a checkpoint of this library, a .safetensors
 * file or a PyTorch checkpoint. The format is recognised by the contents, not by the name.
 *
 * What is published with weights, such as a `config.json` beside them, is part of the result.
 *
 * @throws UserError when the file is missing or damaged, is of none of these formats, has a value that is not finite,
 *   lacks the requested averaged weights, or is of an architecture that only has the tensors of a model here
 */
export function readWeights(path: string, options: ReadWeightsOptions = {}): WeightsFile {
  const weights = parseWeights(readBytes(path), path, options);
  return weights.info ? weights : withArchitecture(weights, publishedDescription(path), path);
}
