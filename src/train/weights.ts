import { parseSafetensors } from '../formats/safetensors/parse.js';
import { readTorchCheckpoint, type TorchExtra } from '../formats/torch/readTorch.js';
import { isZip } from '../formats/zip/readZip.js';
import { type CheckpointInfo, infoOf } from './checkpointInfo.js';
import { expectFinite } from './finite.js';
import { fromStored, type StateDictTensors } from './stateDict.js';

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

/** Names of tensors that are training state and not the model's. */
const TRAINING_PREFIXES = ['optimizer.', 'loss.'];

/** Whether a tensor of a checkpoint is training state. */
export function isTrainingState(name: string): boolean {
  return TRAINING_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/**
 * A model's tensors, without training state, from the bytes of a checkpoint of this library, a .safetensors
 * file or a PyTorch checkpoint. The format is told from the contents.
 *
 * @param name what messages call the file
 * @throws UserError when it is damaged, is of none of these formats, or has a value that is not finite
 */
export function parseWeights(bytes: Uint8Array, name: string): WeightsFile {
  const weights = parse(bytes, name);
  expectFinite(weights.tensors, name);
  return weights;
}

function parse(bytes: Uint8Array, name: string): WeightsFile {
  // A safetensors file begins with its header's length, whose eighth byte would make it absurd in a ZIP or pickle.
  if (isZip(bytes) || (bytes[0] === PICKLE && bytes[7] !== 0)) {
    const { tensors, extras } = readTorchCheckpoint(bytes, name);
    return { tensors: fromStored(tensors), extras };
  }
  const { tensors, metadata } = parseSafetensors(bytes, name);
  const info = infoOf(metadata, name);
  const model = new Map([...fromStored(tensors)].filter(([tensor]) => !isTrainingState(tensor)));
  return { tensors: model, ...(info && { info }) };
}
