import { InvalidArgumentError, Option } from 'commander';
import { UsageError, UserError } from '../errors.js';
import type { Model } from '../models/model.js';
import { recogniseModel } from '../models/recognise.js';
import { createModel, families, type Hyperparameters } from '../models/registry.js';
import { localWeights } from '../runs/hub/localWeights.js';
import { describeUnknown } from '../runs/misfit.js';
import { LARGEST_IMAGE } from '../runs/settings/setting.js';
import { readWeights } from '../runs/weights.js';
import type { WeightsDescription } from '../runs/weightsDescription.js';
import type { ReadWeightsOptions, WeightsFile } from '../train/weights.js';
import { modelOfWeights } from './modelOfWeights.js';
import { modelOptions, nameOption } from './options.js';
import { parseCount, parseCountUpTo } from './parsing.js';
import { runLog } from './runLog.js';
import { type DescriptionFlags, describeFile, namesOfClassMap } from './weightsData.js';

/** Flags of the commands that take a model from a file of weights. */
export interface WeightsFlags extends DescriptionFlags, Hyperparameters {
  readonly checkpoint: string;
  readonly model?: string;
  readonly numClasses?: number;
  readonly classMap?: string;
  readonly imageSize?: number;
  readonly ema?: boolean;
}

/** A file of weights and its model. */
export interface Classifier {
  readonly weights: WeightsFile & { readonly path: string };
  readonly model: Model;
  /** Its preprocessing and class names. */
  readonly description: WeightsDescription;
}

/** Reads `0.485,0.456,0.406`, or one number for grey images. */
function parseChannels(value: string): number[] {
  const numbers = value.split(',').map(Number);
  if (
    [1, 3].includes(numbers.length) &&
    numbers.every((number) => Number.isFinite(number)) &&
    !/^$|,,|^,|,$/.test(value)
  )
    return numbers;
  throw new InvalidArgumentError(
    'It must be three numbers separated by commas, such as 0.5,0.5,0.5, or one for grey images.',
  );
}

function parseDeviations(value: string): number[] {
  const numbers = parseChannels(value);
  if (numbers.every((number) => number > 0)) return numbers;
  throw new InvalidArgumentError('Deviations must be above 0.');
}

/** Options for what a file of weights from elsewhere does not contain. */
export function descriptionOptions(): Option[] {
  return [
    new Option(
      '--mean <r,g,b|grey>',
      'mean of the training images’ channels, for weights without it',
    ).argParser(parseChannels),
    new Option('--std <r,g,b|grey>', 'their standard deviation').argParser(parseDeviations),
    new Option(
      '--resize-size <pixels>',
      'shorter side before the centre crop, for weights without it',
    ).argParser(parseCountUpTo(LARGEST_IMAGE)),
    nameOption('--exif <handling>', 'whether EXIF orientation is applied, for weights without it', [
      'apply',
      'ignore',
    ]),
    new Option('--classes-file <file>', 'names of the classes in order, for weights without them'),
    new Option('--ema', 'take the averaged weights (EMA) of a .pth or last.safetensors'),
  ];
}

/** `--checkpoint`. */
export function checkpointOption(): Option {
  return new Option(
    '--checkpoint <file>',
    'weights: a checkpoint of a run, .safetensors or .pth, or published ones such as timm/resnet18.a1_in1k',
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
    ).argParser(parseCountUpTo(LARGEST_IMAGE)),
    ...descriptionOptions(),
  ];
}

/**
 * Reads weights, which are fetched if they are published ones, and makes their model.
 *
 * @param namesFromMap whether the class map, if there is one, gives the classes' names
 * @throws UserError when the file cannot be used, or flags contradict it
 * @throws UsageError when neither it nor the flags name the model
 */
export async function openClassifier(flags: WeightsFlags, namesFromMap = true): Promise<Classifier> {
  const { checkpoint: path, classMap } = flags;
  const weights = await openWeights(path, { ema: flags.ema });
  const imageSize = flags.imageSize ?? weights.published?.imageSize;
  const classes = flags.numClasses ?? classesOf(weights, flags.model);
  if (classes === undefined)
    throw new UsageError(`${path} does not say how many classes it has: give --num-classes`);
  const model = modelOfWeights(path, weights, { ...flags, classes, imageSize });
  const mapped =
    namesFromMap && classMap !== undefined ? namesOfClassMap(classMap, weights, classes) : undefined;
  return { weights, model, description: describeFile(weights, model, flags, { classes: mapped }) };
}

/**
 * Reads weights, which are fetched if they are published ones; `path` is what was given.
 *
 * @throws UserError when they cannot be had
 */
export async function openWeights(
  source: string,
  options: ReadWeightsOptions,
): Promise<WeightsFile & { readonly path: string }> {
  return { ...readWeights(await localWeights(source, runLog()), options), path: source };
}

/**
 * How many classes weights have: what their file says, else the length of the classifier's bias; undefined if it has none.
 *
 * @param model name of their model, if it is given
 * @throws UserError when it is not, and their architecture is unknown
 */
export function classesOf(
  { info, tensors, architecture, path }: WeightsFile & { readonly path: string },
  model: string | undefined,
): number | undefined {
  if (info) return info.model.classes;
  const name = model ?? recogniseModel(tensors, families, architecture)?.name;
  if (name === undefined) throw new UserError(`${path}: ${describeUnknown(tensors)}`);
  const { classifierEntries } = createModel({ name, classes: 2 });
  return tensors.get(classifierEntries.at(-1)!)?.shape[0];
}
