import { parseSafetensors } from '../formats/safetensors/parse.js';
import { isTrainingState, readBytes } from './checkpoint.js';
import { type CheckpointInfo, infoOf } from './checkpointInfo.js';
import { fromStored, type StateDictTensors } from './stateDict.js';

/** A model's tensors from a file, and what the file says of itself. */
export interface WeightsFile {
  readonly tensors: StateDictTensors;
  /** Present in the checkpoints that this library writes. */
  readonly info?: CheckpointInfo;
}

/**
 * Reads a model's tensors, without training state.
 *
 * @throws UserError when the file is missing, damaged or of an unknown format
 */
export function readWeights(path: string): WeightsFile {
  const { tensors, metadata } = parseSafetensors(readBytes(path), path);
  const info = infoOf(metadata, path);
  const model = new Map([...fromStored(tensors)].filter(([name]) => !isTrainingState(name)));
  return { tensors: model, ...(info && { info }) };
}
