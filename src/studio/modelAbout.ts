import type { Model } from '../models/model.js';
import { families } from '../models/registry.js';
import type { DataDescription } from '../train/checkpointInfo.js';
import { exportModelOnnx } from '../train/exportWeights.js';
import type { StateDictTensors } from '../train/stateDict.js';

/** What is known of a model besides its classes and preprocessing. */
export interface ModelAbout {
  /** What the model is called: `shufflenetv2-0.5`. */
  readonly name: string;
  /** Absent if it is not known. */
  readonly parameters?: number | undefined;
  /** Bytes of its ONNX file by the numbers that hold its weights: `f32`, `f16`; by an empty name if they are not known. */
  readonly bytes: Readonly<Record<string, number>>;
}

/** Describes a model, whose ONNX files take bytes as they are. */
export function aboutModel(model: Model, tensors: StateDictTensors, data: DataDescription): ModelAbout {
  const sizeWith = (f16: boolean): number =>
    exportModelOnnx(model, tensors, { ...data, f16, includePreprocessing: true }).length;
  return {
    name: families.labelOf(model.config.name, model.config),
    parameters: model.parameterCount,
    bytes: { f32: sizeWith(false), f16: sizeWith(true) },
  };
}
