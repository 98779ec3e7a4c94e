import { EXPORT_BATCH, type ExportOptions, exportOnnx } from '../engines/onnx/exportModel.js';
import { serializeSafetensors } from '../formats/safetensors/serialize.js';
import type { TorchExtra } from '../formats/torch/extras.js';
import { writeTorchCheckpoint } from '../formats/torch/writeTorch.js';
import { freeze } from '../graph/freeze.js';
import type { Model } from '../models/model.js';
import { type CheckpointInfo, metadataOf } from './checkpointInfo.js';
import { evaluationProgram } from './programs.js';
import { floatsOf, type StateDictTensors, toStored } from './stateDict.js';
import { describeInExtras, isDescription } from './torchDescription.js';
import type { WeightsFile } from './weights.js';

/** Formats that a model can be exported to. */
export const EXPORT_FORMATS = ['onnx', 'safetensors', 'pth'] as const;

/** Name of such a format. */
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** A model's tensors as .safetensors, with their description. */
export function exportSafetensors(tensors: StateDictTensors, info: CheckpointInfo): Uint8Array[] {
  return serializeSafetensors(toStored(tensors), metadataOf(info));
}

/**
 * A model's tensors as PyTorch's .pth, under `net` as the published scripts write them; beside it `acc` and `epoch`,
 * if the weights' file has them of these weights, and the description of the model: its architecture, class names and preprocessing.
 */
export function exportTorch(
  tensors: StateDictTensors,
  source: Omit<WeightsFile, 'tensors'> = {},
): Uint8Array[] {
  return writeTorchCheckpoint(toStored(tensors), { wrapper: WRAPPER, extras: extrasOf(source) });
}

/** Key of the state dict in a .pth. */
const WRAPPER = 'net';

/**
 * What stands beside the weights: how good they are, and their description; values from a .pth are kept, but those whose places
 * the state dict and the description take, and how good other weights are.
 */
function extrasOf(source: Omit<WeightsFile, 'tensors'>): ReadonlyMap<string, TorchExtra> {
  const { info, extras, isAveraged = false } = source;
  const isKept = (key: string): boolean =>
    key !== WRAPPER && !(info && isDescription(key)) && !(isAveraged && OF_LAST.includes(key));
  return new Map<string, TorchExtra>([
    ...[...(extras ?? [])].filter(([key]) => isKept(key)),
    ...accuracyOf(source),
    ...(info ? describeInExtras(info) : []),
  ]);
}

/** Keys of what is known of the last weights, not of their average. */
const OF_LAST: readonly string[] = ['acc', 'epoch'];

/**
 * Test top-1 in percent and number of the epoch that a run's checkpoint was written after. One that was written within an epoch
 * has other weights than those that were tested; averaged weights have another accuracy.
 */
function accuracyOf({ info, isAveraged }: Omit<WeightsFile, 'tensors'>): [string, number][] {
  const { epoch = 0, step = 0, lastTop1 } = info?.training?.progress ?? {};
  if (isAveraged || step > 0 || lastTop1 === undefined) return [];
  return [
    ['acc', lastTop1],
    ['epoch', epoch - 1],
  ];
}

/**
 * A model as ONNX: batch normalisation folded into convolutions, any batch size, class names and the
 * images' mean and deviation in the metadata.
 */
export function exportModelOnnx(model: Model, tensors: StateDictTensors, options: ExportOptions): Uint8Array {
  const values = new Map([...tensors].map(([name, tensor]) => [name, floatsOf(tensor)]));
  return exportOnnx(freeze(evaluationProgram(model, EXPORT_BATCH), values), options);
}
