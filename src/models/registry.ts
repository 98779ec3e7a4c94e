import { UsageError } from '../errors.js';
import { DenseNet121 } from './densenet.js';
import type { Model, ModelConfig } from './model.js';
import { ResNet18 } from './resnet.js';
import { ShuffleNetV2, shuffleNetRatios } from './shufflenet.js';
import { SkipblockNet } from './skipblocknet.js';

/** A family of models. */
interface Family {
  /** Image size unless given. */
  readonly imageSize: number;
  /** Least image size: the product of all strides, so that each feature map has a pixel of its own. */
  readonly leastImageSize: number;
  /** Its channel multiplier, if it has one: its name, default and the values that exist (any positive one if not listed). */
  readonly multiplier?: {
    readonly key: 'ratio' | 'width';
    readonly standard: number;
    readonly values?: readonly number[];
  };
  readonly create: (config: ModelConfig) => Model;
}

const families = {
  resnet18: { imageSize: 32, leastImageSize: 8, create: (config) => new ResNet18(config) },
  densenet121: { imageSize: 32, leastImageSize: 8, create: (config) => new DenseNet121(config) },
  shufflenetv2: {
    imageSize: 32,
    leastImageSize: 8,
    multiplier: { key: 'ratio', standard: 1, values: shuffleNetRatios },
    create: (config) => new ShuffleNetV2(config),
  },
  skipblocknet: {
    imageSize: 224,
    leastImageSize: 32,
    multiplier: { key: 'width', standard: 1 },
    create: (config) => new SkipblockNet(config),
  },
} satisfies Readonly<Record<string, Family>>;

/** Name of a model family. */
export type ModelName = keyof typeof families;

/** The models that exist. */
export const modelNames: readonly ModelName[] = Object.keys(families) as ModelName[];

/** Whether a model of that name exists. */
export function isModelName(name: string): name is ModelName {
  return Object.hasOwn(families, name);
}

/** Which model to make. */
export interface ModelOptions {
  readonly name: string;
  /** Number of classes, 2 or more. */
  readonly classes: number;
  /** Height and width of the images; default 32, for skipblocknet 224. */
  readonly imageSize?: number | undefined;
  /** Channel multiplier of shufflenetv2: 0.5, 1 (default), 1.5 or 2. */
  readonly ratio?: number | undefined;
  /** Channel multiplier of skipblocknet: any positive number; default 1. */
  readonly width?: number | undefined;
  /** Probability of skipblocknet's dropout before the classifier; default 0.2. */
  readonly dropout?: number | undefined;
}

function multiplierOf(
  name: string,
  family: Family,
  options: ModelOptions,
): Pick<ModelConfig, 'ratio' | 'width'> {
  for (const key of ['ratio', 'width'] as const) {
    if (options[key] !== undefined && family.multiplier?.key !== key) {
      throw new UsageError(`${name} has no ${key}, but ${options[key]} was given`);
    }
  }
  if (!family.multiplier) return {};
  const { key, standard, values } = family.multiplier;
  const value = options[key] ?? standard;
  if (values ? !values.includes(value) : !(value > 0 && value <= 8)) {
    throw new UsageError(
      `${name} has the ${key} ${values ? values.join(', ') : 'above 0 and at most 8'}, not ${value}`,
    );
  }
  return { [key]: value };
}

/**
 * Makes a model; its values come when a learner initialises or loads them.
 *
 * @throws UsageError for an unknown name, or a size or multiplier that the family does not have
 */
export function createModel(options: ModelOptions): Model {
  const { name, classes } = options;
  if (!isModelName(name))
    throw new UsageError(`there is no model ${name}; there are ${modelNames.join(', ')}`);
  const family: Family = families[name];
  if (!Number.isInteger(classes) || classes < 2)
    throw new UsageError(`a model needs 2 classes or more, not ${classes}`);
  const imageSize = options.imageSize ?? family.imageSize;
  if (!Number.isInteger(imageSize) || imageSize < family.leastImageSize) {
    throw new UsageError(`${name} takes images of ${family.leastImageSize} pixels or more, not ${imageSize}`);
  }
  const dropout = options.dropout === undefined ? {} : { dropout: options.dropout };
  return family.create({ name, classes, imageSize, ...multiplierOf(name, family, options), ...dropout });
}
