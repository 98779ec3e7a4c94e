import { UserError } from '../errors.js';
import { parseSafetensors } from '../formats/safetensors/parse.js';
import { serializeSafetensors } from '../formats/safetensors/serialize.js';
import { type CheckpointInfo, infoOf, metadataOf } from './checkpointInfo.js';
import { expectFinite } from './finite.js';
import type { Learner } from './learner.js';
import { counterTensor, fromStored, type StateDictTensors, toStored } from './stateDict.js';
import { OPTIMIZER_STEP } from './trainingState.js';
import { isTrainingState } from './weights.js';

/** A checkpoint, read. */
export interface Checkpoint extends CheckpointInfo {
  /** What messages call it. */
  readonly path: string;
  readonly tensors: StateDictTensors;
}

/** A learner's whole state: the model's tensors under PyTorch's names, the training state under `optimizer.` and `loss.`. */
export async function learnerState(learner: Learner): Promise<StateDictTensors> {
  return new Map([...(await learner.stateDict()), ...(await learner.trainingState())]);
}

/** The bytes of a checkpoint: tensors as safetensors, the rest as JSON in the metadata. */
export function checkpointBytes(state: StateDictTensors, info: CheckpointInfo): Uint8Array[] {
  return serializeSafetensors(toStored(state), metadataOf(info));
}

/**
 * Reads the bytes of a checkpoint of this library.
 *
 * @param path for messages
 * @throws UserError when it is damaged or not one of ours, or a value in it is not finite
 */
export function parseCheckpoint(bytes: Uint8Array, path: string): Checkpoint {
  const { tensors, metadata } = parseSafetensors(bytes, path);
  const info = infoOf(metadata, path);
  if (!info) throw new UserError(`${path} is not a checkpoint of a run: its metadata does not describe one`);
  const state = fromStored(tensors);
  expectFinite(state, path);
  return { ...info, path, tensors: state };
}

/**
 * Restores a learner's whole state.
 *
 * @throws UserError when the checkpoint has another model, loss or optimiser
 */
export async function restoreLearner(learner: Learner, checkpoint: Checkpoint): Promise<void> {
  const { path, tensors } = checkpoint;
  const part = (training: boolean): StateDictTensors =>
    new Map([...tensors].filter(([name]) => isTrainingState(name) === training));
  try {
    await learner.loadStateDict(part(false));
    await learner.loadTrainingState(withStep(part(true), checkpoint));
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${path}: ${error.message}`) : error;
  }
}

/** Earlier versions did not save the number of updates: it was the number of steps. */
function withStep(state: StateDictTensors, { training }: Checkpoint): StateDictTensors {
  if (!training || state.has(OPTIMIZER_STEP)) return state;
  return new Map([...state, [OPTIMIZER_STEP, counterTensor(training.progress.globalStep)]]);
}
