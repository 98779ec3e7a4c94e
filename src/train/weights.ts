import { type SettingText, UserError } from '../errors.js';
import { parseSafetensors } from '../formats/safetensors/parse.js';
import { withoutPrefixes } from '../formats/stateNames.js';
import type { TorchExtra } from '../formats/torch/extras.js';
import { isTorchFile, readTorchCheckpoint } from '../formats/torch/readTorch.js';
import { withOwnNames } from '../models/otherNames.js';
import { unlikeArchitectures } from '../models/publishedNames.js';
import { AVERAGE_PREFIX, averageName } from './averages.js';
import { type CheckpointInfo, infoOf } from './checkpointInfo.js';
import { expectFinite } from './finite.js';
import type { PublishedDescription } from './publishedWeights.js';
import { fromStored, type StateDictTensors } from './stateDict.js';
import { infoOfExtras } from './torchDescription.js';

/** A model's tensors from a file, with the file's own description. */
export interface WeightsFile {
  /** Under the names of the model here, without prefixes of wrappers. */
  readonly tensors: StateDictTensors;
  /** Present in the files that this library writes. */
  readonly info?: CheckpointInfo;
  /** Plain values beside the tensors of a PyTorch checkpoint, such as `acc` and `epoch`. */
  readonly extras?: ReadonlyMap<string, TorchExtra>;
  /** Entries among a PyTorch checkpoint's tensors that cannot be read, with the reason. */
  readonly unread?: ReadonlyMap<string, string>;
  /** Whether they are the file's averaged weights (EMA), of which it also has others. Default false. */
  readonly isAveraged?: boolean | undefined;
  /** A notice about the choice of weights, such as that the file also has averaged ones. */
  readonly notice?: SettingText;
  /** The model here, where the names of the tensors, their script or what is published with them tell it. */
  readonly architecture?: string | undefined;
  /** Whether the tensors have other names in the file, those of another library. Default false. */
  readonly isRenamed?: boolean | undefined;
  /** What is known of published weights that do not describe themselves. */
  readonly published?: PublishedDescription | undefined;
}

/** Which weights of a file to take. */
export interface ReadWeightsOptions {
  /** Averaged weights (EMA) of a checkpoint, instead of the last ones. Default false. */
  readonly ema?: boolean | undefined;
}

/** Names of tensors that are training state and not the model's. */
const TRAINING_PREFIXES = ['optimizer.', 'loss.', AVERAGE_PREFIX];

/** Whether a tensor of a checkpoint is training state. */
export function isTrainingState(name: string): boolean {
  return TRAINING_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/**
 * A model's tensors, without training state, from the bytes of a checkpoint of this library, a .safetensors
 * file or a PyTorch checkpoint. The format is recognised by the contents.
 *
 * @param path what messages call the file
 * @throws UserError when it is damaged, is of none of these formats, has a value that is not finite,
 *   or lacks the requested averaged weights
 */
export function parseWeights(bytes: Uint8Array, path: string, options: ReadWeightsOptions = {}): WeightsFile {
  const weights = parse(bytes, path, options.ema ?? false);
  expectFinite(weights.tensors, path);
  const renamed = weights.info ? undefined : withOwnNames(weights.tensors);
  if (!renamed) return weights;
  const { model, tensors } = renamed;
  const isCertain = unlikeArchitectures(model, true).length === 0;
  return { ...weights, tensors, isRenamed: true, ...(isCertain && { architecture: model }) };
}

function parse(bytes: Uint8Array, path: string, ema: boolean): WeightsFile {
  if (isTorchFile(bytes)) return torchWeights(bytes, path, ema);
  const { tensors: stored, metadata } = parseSafetensors(bytes, path);
  const tensors = fromStored(stored);
  const info = infoOf(metadata, path);
  const last = new Map([...tensors].filter(([name]) => !isTrainingState(name)));
  const model = ema ? averagedOf(last, tensors, path) : last;
  const isAveraged = ema && { isAveraged: true };
  if (info) return { tensors: model, info, ...isAveraged };
  return { tensors: new Map(withoutPrefixes(model) ?? model), ...isAveraged };
}

/** The averages of a checkpoint of this library; counters have none. */
function averagedOf(last: StateDictTensors, all: StateDictTensors, path: string): StateDictTensors {
  if (![...all.keys()].some((name) => name.startsWith(AVERAGE_PREFIX)))
    throw new UserError(`${path} has no averaged weights (EMA): it holds one set`);
  return new Map([...last].map(([name, tensor]) => [name, all.get(averageName(name)) ?? tensor]));
}

function torchWeights(bytes: Uint8Array, path: string, ema: boolean): WeightsFile {
  const { tensors, extras, unread, averagedKey, averaged } = readTorchCheckpoint(bytes, path, {
    averaged: ema,
  });
  const info = infoOfExtras(extras);
  const notice: SettingText = (name) =>
    averaged
      ? `${path}: using the averaged weights (EMA) under ${averagedKey}`
      : `${path} also has averaged weights (EMA) under ${averagedKey}: ${name('ema')} takes them`;
  return {
    tensors: fromStored(tensors),
    extras,
    unread,
    ...(info && { info }),
    ...(averagedKey !== undefined && { notice }),
    ...(averaged && { isAveraged: true }),
  };
}
