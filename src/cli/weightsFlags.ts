import { Option } from 'commander';
import { UsageError } from '../errors.js';
import type { Model } from '../models/model.js';
import { closestModel } from '../models/recognise.js';
import { createModel, type Hyperparameters } from '../models/registry.js';
import { readWeights } from '../runs/weights.js';
import type { WeightsFile } from '../train/weights.js';
import { modelOfWeights } from './modelOfWeights.js';
import { modelOptions } from './options.js';
import { parseCount } from './parsing.js';

/** Flags of the commands that take a model from a file of weights. */
export interface WeightsFlags extends Hyperparameters {
  readonly checkpoint: string;
  readonly model?: string;
  readonly numClasses?: number;
  readonly classMap?: string;
  readonly imageSize?: number;
}

/** A file of weights and its model. */
export interface Classifier {
  readonly weights: WeightsFile & { readonly path: string };
  readonly model: Model;
}

/** `--checkpoint`. */
export function checkpointOption(): Option {
  return new Option(
    '--checkpoint <file>',
    'weights: a checkpoint of a run, .safetensors or .pth',
  ).makeOptionMandatory();
}

/**
 * The options of {@link WeightsFlags}.
 *
 * @param classMap what the class map is for
 */
export function weightsOptions(classMap: string): Option[] {
  return [
    checkpointOption(),
    ...modelOptions({ unset: 'the checkpoint’s' }, { unset: 'the checkpoint’s' }),
    new Option('--num-classes <n>', 'classes of the weights (default: the checkpoint’s)').argParser(
      parseCount,
    ),
    new Option('--class-map <file>', classMap),
    new Option(
      '--image-size <pixels>',
      'height and width of the images (default: the model’s own)',
    ).argParser(parseCount),
  ];
}

/**
 * Reads weights, and makes the model that they are of.
 *
 * @throws UserError when the file is unfit, or flags contradict it
 * @throws UsageError when it does not tell the model, and flags don't either
 */
export function openClassifier(flags: WeightsFlags): Classifier {
  const { checkpoint: path, imageSize } = flags;
  const weights = { ...readWeights(path), path };
  const classes = flags.numClasses ?? classesOf(weights, flags);
  if (classes === undefined)
    throw new UsageError(`${path} does not say how many classes it has: give --num-classes`);
  return { weights, model: modelOfWeights(path, weights, { ...flags, classes, imageSize }) };
}

/** How many classes weights tell apart: what their file says, else the length of the classifier's bias. */
function classesOf({ info, tensors }: WeightsFile, flags: WeightsFlags): number | undefined {
  if (info) return info.model.classes;
  const closest = closestModel(tensors);
  if (closest?.score === 1 && closest.kind.name === (flags.model ?? closest.kind.name))
    return closest.classes;
  if (flags.model === undefined) return undefined;
  const { classifierEntries } = createModel({ name: flags.model, classes: 2 });
  return tensors.get(classifierEntries.at(-1)!)?.shape[0];
}
