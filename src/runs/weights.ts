import { parseSafetensors } from '../formats/safetensors/parse.js';
import type { TorchExtra } from '../formats/torch/extras.js';
import { readTorchCheckpoint } from '../formats/torch/readTorch.js';
import { isZip } from '../formats/zip/readZip.js';
import { type CheckpointInfo, infoOf } from '../train/checkpointInfo.js';
import { expectFinite } from '../train/finite.js';
import { fromStored, type StateDictTensors } from '../train/stateDict.js';
import { isTrainingState, readBytes } from './checkpoint.js';

/** A model's tensors from a file, and what the file says of itself. */
export interface WeightsFile {
  readonly tensors: StateDictTensors;
  /** Present in the checkpoints that this library writes. */
  readonly info?: CheckpointInfo;
  /** Scalars beside the tensors of a PyTorch checkpoint, such as `acc` and `epoch`. */
  readonly extras?: ReadonlyMap<string, TorchExtra>;
}

/** First byte of a pickle, as PyTorch wrote files before 1.6. */
const PICKLE = 0x80;

/**
 * Reads a model's tensors, without training state, from a checkpoint of this library, a .safetensors
 * file or a PyTorch checkpoint. The format is told from the contents, not from the name.
 *
 * @throws UserError when the file is missing or damaged, is of none of these formats, or has a value that is not finite
 */
export function readWeights(path: string): WeightsFile {
  const weights = parseWeights(path);
  expectFinite(weights.tensors, path);
  return weights;
}

function parseWeights(path: string): WeightsFile {
  const bytes = readBytes(path);
  // A safetensors file begins with its header's length, whose eighth byte would make it absurd in a ZIP or pickle.
  if (isZip(bytes) || (bytes[0] === PICKLE && bytes[7] !== 0)) {
    const { tensors, extras } = readTorchCheckpoint(bytes, path);
    return { tensors: fromStored(tensors), extras };
  }
  const { tensors, metadata } = parseSafetensors(bytes, path);
  const info = infoOf(metadata, path);
  const model = new Map([...fromStored(tensors)].filter(([name]) => !isTrainingState(name)));
  return { tensors: model, ...(info && { info }) };
}
