import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage, UserError } from '../errors.js';
import { LENGTH_BYTES } from '../formats/safetensors/format.js';
import { parseHeader } from '../formats/safetensors/header.js';
import { type CheckpointInfo, infoOf } from '../train/checkpointInfo.js';
import { firstNotFinite } from '../train/finite.js';
import type { Learner } from '../train/learner.js';
import { type Checkpoint, checkpointBytes, learnerState, parseCheckpoint } from '../train/learnerState.js';
import type { StateDictTensors } from '../train/stateDict.js';
import { writeFileAtomically } from './atomicFile.js';
import { LAST_CHECKPOINT } from './runFolder.js';

/**
 * Writes a learner's whole state as safetensors: the model's tensors under PyTorch's names, the
 * training state under `optimizer.` and `loss.`, the rest as JSON in the metadata. The file at `path`
 * is replaced as a whole.
 *
 * @param beforeReplacing called before that; what it throws is passed on, and the file stays
 * @throws UserError when the file cannot be written, or a value is not finite; then `path` stays as it was
 */
export async function saveCheckpoint(
  path: string,
  learner: Learner,
  info: CheckpointInfo,
  beforeReplacing?: () => void,
): Promise<void> {
  await writeFinite(path, await learnerState(learner), info, beforeReplacing);
}

/**
 * Writes a learner's averaged weights as safetensors, under the model's own names and without training state.
 *
 * @throws UserError as {@link saveCheckpoint}
 */
export async function saveAverage(
  path: string,
  learner: Learner,
  info: CheckpointInfo,
  beforeReplacing?: () => void,
): Promise<void> {
  const { model, data } = info;
  await writeFinite(path, await learner.averagedStateDict(), { model, data }, beforeReplacing);
}

async function writeFinite(
  path: string,
  state: StateDictTensors,
  info: CheckpointInfo,
  beforeReplacing: (() => void) | undefined,
): Promise<void> {
  const broken = await firstNotFinite(state);
  if (broken !== undefined) throw notFinite(broken, path, info);
  await writeFileAtomically(path, checkpointBytes(state, info), beforeReplacing);
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

/**
 * Reads what a checkpoint says of itself, without its tensors; undefined if another program wrote the file.
 *
 * @throws UserError when it is missing or damaged
 */
export function readCheckpointInfo(path: string): CheckpointInfo | undefined {
  try {
    return infoOf(parseHeader(headerText(path)).metadata, path);
  } catch (error) {
    throw error instanceof UserError
      ? error
      : new UserError(`${path} cannot be read: ${errorMessage(error)}`);
  }
}

/** The header of a safetensors file. */
function headerText(path: string): string {
  const file = openSync(path, 'r');
  try {
    const start = Buffer.alloc(LENGTH_BYTES);
    readSync(file, start, 0, LENGTH_BYTES, 0);
    const length = Number(start.readBigUInt64LE());
    if (length > fstatSync(file).size) throw new UserError(`${path} is not a valid safetensors file`);
    const header = Buffer.alloc(length);
    readSync(file, header, 0, length, LENGTH_BYTES);
    return header.toString('utf8');
  } finally {
    closeSync(file);
  }
}

/** The bytes of a file; throws UserError when it cannot be read. */
export function readBytes(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
    throw isFolder ? noFile(path) : new UserError(`${path} cannot be read: ${errorMessage(error)}`);
  }
}

/** A folder where a file was expected: a run's folder has weights. */
function noFile(folder: string): UserError {
  const weights = ['best.safetensors', LAST_CHECKPOINT].find((name) => existsSync(join(folder, name)));
  return new UserError(
    weights === undefined
      ? `${folder} is a folder: expected a file`
      : `${folder} is the folder of a run: its weights are in ${join(folder, weights)}`,
  );
}
