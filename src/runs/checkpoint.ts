import { existsSync, readFileSync } from 'node:fs';
import { errorMessage, UserError } from '../errors.js';
import { parseSafetensors } from '../formats/safetensors/parse.js';
import { serializeSafetensors } from '../formats/safetensors/serialize.js';
import { type CheckpointInfo, infoOf, metadataOf } from '../train/checkpointInfo.js';
import { expectFinite, firstNotFinite } from '../train/finite.js';
import type { Learner } from '../train/learner.js';
import { counterTensor, fromStored, type StateDictTensors, toStored } from '../train/stateDict.js';
import { OPTIMIZER_STEP } from '../train/trainingState.js';
import { isTrainingState } from '../train/weights.js';
import { writeFileAtomically } from './atomicFile.js';

/** A checkpoint, read. */
export interface Checkpoint extends CheckpointInfo {
  readonly path: string;
  readonly tensors: StateDictTensors;
}

/**
 * Writes a learner's whole state as safetensors: the model's tensors under PyTorch's names, the
 * training state under `optimizer.` and `loss.`, the rest as JSON in the metadata. The file at `path`
 * is replaced as a whole.
 *
 * @throws UserError when the file cannot be written, or a value is not finite; then `path` stays as it was
 */
export async function saveCheckpoint(path: string, learner: Learner, info: CheckpointInfo): Promise<void> {
  const state: StateDictTensors = new Map([
    ...(await learner.stateDict()),
    ...(await learner.trainingState()),
  ]);
  await writeFinite(path, state, info);
}

/**
 * Writes a learner's averaged weights as safetensors, under the model's own names and without training state.
 *
 * @throws UserError as {@link saveCheckpoint}
 */
export async function saveAverage(path: string, learner: Learner, info: CheckpointInfo): Promise<void> {
  const { model, data } = info;
  await writeFinite(path, await learner.averagedStateDict(), { model, data });
}

async function writeFinite(path: string, state: StateDictTensors, info: CheckpointInfo): Promise<void> {
  const broken = await firstNotFinite(state);
  if (broken !== undefined) throw notFinite(broken, path, info);
  await writeFileAtomically(path, serializeSafetensors(toStored(state), metadataOf(info)));
}

function notFinite(tensor: string, path: string, { training }: CheckpointInfo): UserError {
  const { epoch = 0, step = 0 } = training?.progress ?? {};
  const when = training ? ` after ${epoch} epochs and ${step} steps` : '';
  const kept = existsSync(path) ? `; ${path} is left as it was` : '';
  return new UserError(`${tensor} is no longer finite${when}${kept}: try a lower learning rate`);
}

/**
 * Reads a checkpoint that {@link saveCheckpoint} wrote.
 *
 * @throws UserError when it is missing, damaged or not one of ours, or a value in it is not finite
 */
export function readCheckpoint(path: string): Checkpoint {
  const { tensors, metadata } = parseSafetensors(readBytes(path), path);
  const info = infoOf(metadata, path);
  if (!info) throw new UserError(`${path} is not a checkpoint of a run: its metadata does not describe one`);
  const state = fromStored(tensors);
  expectFinite(state, path);
  return { ...info, path, tensors: state };
}

/** The bytes of a file; throws UserError when it cannot be read. */
export function readBytes(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${errorMessage(error)}`);
  }
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
