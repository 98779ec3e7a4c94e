import { readFileSync } from 'node:fs';
import { errorMessage, UserError } from '../errors.js';
import { parseSafetensors } from '../formats/safetensors/parse.js';
import { serializeSafetensors } from '../formats/safetensors/serialize.js';
import { writeFileAtomically } from './atomicFile.js';
import { type CheckpointInfo, infoOf, metadataOf } from './checkpointInfo.js';
import type { Learner } from './learner.js';
import { fromStored, type StateDictTensors, toStored } from './stateDict.js';

/** A checkpoint, read. */
export interface Checkpoint extends CheckpointInfo {
  readonly path: string;
  readonly tensors: StateDictTensors;
}

/** Names of tensors that are training state and not the model's. */
const TRAINING_PREFIXES = ['optimizer.', 'loss.'];

/** Whether a tensor of a checkpoint is training state. */
export function isTrainingState(name: string): boolean {
  return TRAINING_PREFIXES.some((prefix) => name.startsWith(prefix));
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
  const broken = await firstNotFinite(state);
  if (broken !== undefined)
    throw new UserError(`${broken} is not finite any more; ${path} is left as it was`);
  await writeFileAtomically(path, serializeSafetensors(toStored(state), metadataOf(info)));
}

/** Values that are looked at before other events get their turn: about a millisecond. */
const TURN = 1 << 19;

/** Name of the first tensor with a value that is not finite. */
async function firstNotFinite(state: StateDictTensors): Promise<string | undefined> {
  let seen = 0;
  for (const [name, { data }] of state) {
    for (let begin = 0; begin < data.length; begin += TURN) {
      const part = data.subarray(begin, begin + TURN);
      if (!isFinite32(part)) return name;
      seen += part.length;
      if (seen < TURN) continue;
      await new Promise((resolve) => setImmediate(resolve));
      seen = 0;
    }
  }
  return undefined;
}

/** Whether all values are finite: 0·x is 0 for those alone, and NaN spreads through sums. */
function isFinite32(data: Float32Array | BigInt64Array): boolean {
  if (data instanceof BigInt64Array) return true;
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += 0 * data[i]!;
  return sum === 0;
}

/**
 * Reads a checkpoint that {@link saveCheckpoint} wrote.
 *
 * @throws UserError when it is missing, damaged or not one of ours
 */
export function readCheckpoint(path: string): Checkpoint {
  const { tensors, metadata } = parseSafetensors(readBytes(path), path);
  const info = infoOf(metadata, path);
  if (!info) throw new UserError(`${path} is no checkpoint of a run: its metadata does not tell of one`);
  return { ...info, path, tensors: fromStored(tensors) };
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
 * @throws UserError when the checkpoint is of another model or setting
 */
export async function restoreLearner(learner: Learner, { path, tensors }: Checkpoint): Promise<void> {
  const part = (training: boolean): StateDictTensors =>
    new Map([...tensors].filter(([name]) => isTrainingState(name) === training));
  try {
    await learner.loadStateDict(part(false));
    await learner.loadTrainingState(part(true));
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${path}: ${error.message}`) : error;
  }
}
