import { existsSync, readFileSync } from 'node:fs';
import { errorMessage, UserError } from '../errors.js';
import type { CheckpointInfo } from '../train/checkpointInfo.js';
import { firstNotFinite } from '../train/finite.js';
import type { Learner } from '../train/learner.js';
import { type Checkpoint, checkpointBytes, learnerState, parseCheckpoint } from '../train/learnerState.js';
import type { StateDictTensors } from '../train/stateDict.js';
import { writeFileAtomically } from './atomicFile.js';

/**
 * Writes a learner's whole state as safetensors: the model's tensors under PyTorch's names, the
 * training state under `optimizer.` and `loss.`, the rest as JSON in the metadata. The file at `path`
 * is replaced as a whole.
 *
 * @throws UserError when the file cannot be written, or a value is not finite; then `path` stays as it was
 */
export async function saveCheckpoint(path: string, learner: Learner, info: CheckpointInfo): Promise<void> {
  await writeFinite(path, await learnerState(learner), info);
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
  await writeFileAtomically(path, checkpointBytes(state, info));
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
  return parseCheckpoint(readBytes(path), path);
}

/** The bytes of a file; throws UserError when it cannot be read. */
export function readBytes(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${errorMessage(error)}`);
  }
}
