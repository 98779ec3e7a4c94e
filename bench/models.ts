import { UsageError } from '../src/errors.js';
import { createModel, families, type Hyperparameters } from '../src/models/registry.js';
import type { Workload } from './protocol.js';

/** A model as the benchmark names and sizes it. */
export interface BenchmarkModel {
  /** `shufflenetv2-0.5`: the model's name and, after the dash, its family's first hyperparameter. */
  readonly label: string;
  /** Batch where none is asked for: what fits the memory of a small machine. */
  readonly batch: number;
  readonly workload: Pick<Workload, 'model' | 'classes' | 'image_size'> & Hyperparameters;
}

/** What `--models` is by default: the models of the bias loss's paper and its code. */
export const defaultModels = [
  'resnet18',
  'densenet121',
  'shufflenetv2-0.5',
  'shufflenetv2-1',
  'skipblocknet',
];

/** One model of each family for images of 224 pixels, as torchvision and timm have them. */
export const familyModels = [
  'resnet18_224',
  'resnet50_224',
  'mobilenet_v2',
  'mobilenet_v3_small',
  'mobilenet_v3_large',
  'shufflenet_v2_x1_0',
  'efficientnet_b0',
  'mnasnet1_0',
  'squeezenet1_1',
  'densenet121_224',
  'efficientnet_lite0',
  'mobilenetv3_large_100',
  'mnasnet_100',
  'mobilenetv4_conv_small',
  'lcnet_100',
  'ghostnet_100',
  'repvgg_a0',
];

const BATCHES: Readonly<Record<string, number>> = { densenet121: 32, densenet121_224: 16, resnet50_224: 16 };
/** Of images of up to 64 pixels, and of larger ones. */
const DEFAULT_BATCH = { small: 64, large: 32 };

/**
 * Reads a model's label.
 *
 * @throws UsageError for a model or hyperparameter that does not exist
 */
export function parseModel(label: string): BenchmarkModel {
  const match = /^([a-z0-9_]+)(?:-(\d+(?:\.\d+)?))?$/.exec(label);
  if (!match)
    throw new UsageError(
      `--models takes names like resnet18 or shufflenetv2-0.5, not ${JSON.stringify(label)}`,
    );
  const model = match[1]!;
  const options = match[2] === undefined ? {} : firstOption(model, Number(match[2]));
  const { config } = createModel({
    name: model,
    classes: families.declarationOf(model)?.classes ?? 2,
    ...options,
  });
  const workload = { model, ...options, classes: config.classes, image_size: config.imageSize };
  return {
    label,
    batch: BATCHES[model] ?? DEFAULT_BATCH[config.imageSize > 64 ? 'large' : 'small'],
    workload,
  };
}

function firstOption(model: string, value: number): Hyperparameters {
  const [name] = Object.keys(families.declarationOf(model)?.family.options ?? {});
  if (name === undefined) throw new UsageError(`${model} has no hyperparameter that could be ${value}`);
  return families.optionsOf({ [name]: value });
}
