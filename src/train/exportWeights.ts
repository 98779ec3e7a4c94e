import { EXPORT_BATCH, type ExportOptions, exportOnnx } from '../engines/onnx/exportModel.js';
import { serializeSafetensors } from '../formats/safetensors/serialize.js';
import { bytesOf, type StoredTensors } from '../formats/tensor.js';
import { writeTorchCheckpoint } from '../formats/torch/writeTorch.js';
import { foldBatchNorm } from '../graph/foldBatchNorm.js';
import type { Model } from '../models/model.js';
import { type CheckpointInfo, metadataOf } from './checkpointInfo.js';
import { evaluationProgram } from './programs.js';
import { floatsOf, type StateDictTensors } from './stateDict.js';

/** Formats that a model can be exported to. */
export const EXPORT_FORMATS = ['onnx', 'safetensors', 'pth'] as const;

/** Name of such a format. */
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

function stored(tensors: StateDictTensors): StoredTensors {
  return new Map(
    [...tensors].map(([name, { dtype, shape, data }]) => [name, { dtype, shape, data: bytesOf(data) }]),
  );
}

/** A model's tensors as .safetensors, with what describes them. */
export function exportSafetensors(tensors: StateDictTensors, info: CheckpointInfo): Uint8Array[] {
  return serializeSafetensors(stored(tensors), metadataOf(info));
}

/** A model's tensors as PyTorch's .pth, under `net` as the published scripts write them. */
export function exportTorch(tensors: StateDictTensors): Uint8Array[] {
  return writeTorchCheckpoint(stored(tensors), {
    wrapper: 'net',
    extras: new Map([
      ['acc', 0],
      ['epoch', 0],
    ]),
  });
}

/**
 * A model as ONNX: batch normalisation folded into convolutions, any batch size, class names and the
 * pictures' mean and deviation in the metadata.
 */
export function exportModelOnnx(model: Model, tensors: StateDictTensors, options: ExportOptions): Uint8Array {
  const values = new Map([...tensors].map(([name, tensor]) => [name, floatsOf(tensor)]));
  return exportOnnx(foldBatchNorm(evaluationProgram(model, EXPORT_BATCH), values), options);
}
