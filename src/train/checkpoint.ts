import { readFileSync } from 'node:fs';
import { errorMessage, UserError } from '../errors.js';
import { parseSafetensors } from '../formats/safetensors/parse.js';
import { serializeSafetensors } from '../formats/safetensors/serialize.js';
import { bytesOf, type StoredTensors } from '../formats/tensor.js';
import type { ModelConfig } from '../models/model.js';
import { writeFileAtomically } from './atomicFile.js';
import type { Learner } from './learner.js';
import type { AccuracySums } from './metrics.js';
import { fromStored, type StateDictTensors } from './stateDict.js';

/** How far a run is. */
export interface Progress {
  /** The epoch to go on with, from 0. */
  readonly epoch: number;
  /** Steps of that epoch that are done. */
  readonly step: number;
  /** Steps since the beginning. */
  readonly globalStep: number;
  /** Best test top-1 so far, in percent; −1 before the first evaluation. */
  readonly bestTop1: number;
  /** Sums of the epoch's training steps so far. */
  readonly sums: AccuracySums & { readonly loss: number };
  /** Seconds spent on those steps. */
  readonly seconds: number;
}

/** What pictures have to become before a checkpoint's model sees them, and what its classes are called. */
export interface DataDescription {
  readonly classes: readonly string[];
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** What describes a checkpoint besides its tensors. */
export interface CheckpointInfo {
  readonly model: ModelConfig;
  readonly data: DataDescription;
  /** Training state; absent in a file of weights alone. */
  readonly training?: { readonly progress: Progress; readonly config: Readonly<Record<string, unknown>> };
}

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

/** Key of the metadata entry that holds {@link CheckpointInfo} as JSON. */
const INFO_KEY = 'biasloss';

/**
 * Writes a learner's whole state as safetensors: the model's tensors under PyTorch's names, the
 * training state under `optimizer.` and `loss.`, the rest as JSON in the metadata. The file at `path`
 * is replaced as a whole.
 *
 * @throws UserError when the file cannot be written
 */
export async function saveCheckpoint(path: string, learner: Learner, info: CheckpointInfo): Promise<void> {
  const state = new Map([...(await learner.stateDict()), ...(await learner.trainingState())]);
  const stored: StoredTensors = new Map(
    [...state].map(([name, { dtype, shape, data }]) => [name, { dtype, shape, data: bytesOf(data) }]),
  );
  writeFileAtomically(path, serializeSafetensors(stored, new Map([[INFO_KEY, JSON.stringify(info)]])));
}

/**
 * Reads a checkpoint that {@link saveCheckpoint} wrote.
 *
 * @throws UserError when it is missing, damaged or not one of ours
 */
export function readCheckpoint(path: string): Checkpoint {
  const { tensors, metadata } = parseSafetensors(readBytes(path), path);
  const text = metadata.get(INFO_KEY);
  if (text === undefined)
    throw new UserError(`${path} is no checkpoint of a run: its metadata has no entry ${INFO_KEY}`);
  const info = JSON.parse(text) as CheckpointInfo;
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

/** The model's tensors of a checkpoint. */
export function modelTensors({ tensors }: Pick<Checkpoint, 'tensors'>): StateDictTensors {
  return new Map([...tensors].filter(([name]) => !isTrainingState(name)));
}

/**
 * Restores a learner's whole state.
 *
 * @throws UserError when the checkpoint is of another model or setting
 */
export async function restoreLearner(learner: Learner, checkpoint: Checkpoint): Promise<void> {
  const training = new Map([...checkpoint.tensors].filter(([name]) => isTrainingState(name)));
  await learner.loadStateDict(modelTensors(checkpoint));
  await learner.loadTrainingState(training);
}
