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
 * if the weights' file has them, and the description of the model: its architecture, class names and preprocessing.
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
 * Test top-1 in percent and number of the last finished epoch of a run's checkpoint; values from a .pth are kept, but those whose
 * places the state dict and the description take.
 */
function extrasOf({ info, extras }: Omit<WeightsFile, 'tensors'>): ReadonlyMap<string, TorchExtra> {
  const { epoch = 0, lastTop1 } = info?.training?.progress ?? {};
  const kept = [...(extras ?? [])].filter(([key]) => key !== WRAPPER && !(info && isDescription(key)));
  return new Map<string, TorchExtra>([
    ...kept,
    ...(lastTop1 === undefined
      ? []
      : ([
          ['acc', lastTop1],
          ['epoch', epoch - 1],
        ] as const)),
    ...(info ? describeInExtras(info) : []),
  ]);
}

/**
 * A model as ONNX: batch normalisation folded into convolutions, any batch size, class names and the
 * images' mean and deviation in the metadata.
 */
export function exportModelOnnx(model: Model, tensors: StateDictTensors, options: ExportOptions): Uint8Array {
  const values = new Map([...tensors].map(([name, tensor]) => [name, floatsOf(tensor)]));
  return exportOnnx(freeze(evaluationProgram(model, EXPORT_BATCH), values), options);
}
