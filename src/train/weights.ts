import { parseSafetensors } from '../formats/safetensors/parse.js';
import { type CheckpointInfo, isTrainingState, readBytes } from './checkpoint.js';
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
  const text = metadata.get('biasloss');
  const model = new Map([...fromStored(tensors)].filter(([name]) => !isTrainingState(name)));
  return { tensors: model, ...(text !== undefined && { info: JSON.parse(text) as CheckpointInfo }) };
}
