import { normalisationFor } from '../data/channels.js';
import { IMAGENET_NORMALISATION, type Normalisation } from '../data/dataset.js';
import { type ExifHandling, type Preprocessing, standardPreprocessing } from '../data/preprocessing.js';
import { type NameOfSetting, SettingError, type SettingText, UserError } from '../errors.js';
import type { Model } from '../models/model.js';
import { preprocessingOf, publishedPreprocessing } from '../train/preprocessing.js';
import { numbersOf, textsOf } from '../train/torchDescription.js';
import type { WeightsFile } from '../train/weights.js';
import { alikeModels } from './architecture.js';

/** Options for what a file of weights does not contain. */
export interface GivenDescription {
  readonly mean?: readonly number[] | undefined;
  readonly std?: readonly number[] | undefined;
  /** Pixels of the shorter side before the centre crop. */
  readonly resizeSize?: number | undefined;
  /** Names of the classes, in order. */
  readonly classes?: readonly string[] | undefined;
  readonly exif?: ExifHandling | undefined;
  /** The preprocessing of the data that the weights are used on, with its name; takes precedence over ImageNet's. */
  readonly data?: { readonly name: string; readonly preprocessing: Preprocessing } | undefined;
}

/** Preprocessing and class names of a file's model. */
export interface WeightsDescription {
  readonly preprocessing: Preprocessing;
  /** Names of the classes; `class 0`, `class 1` and so on if they are unknown. */
  readonly classes: readonly string[];
  /** What was assumed, a sentence each. */
  readonly notices: readonly SettingText[];
}

/** Keys under which training scripts keep names of classes. */
const NAME_KEYS = ['classes', 'class_names', 'class_to_idx', 'idx_to_class', 'categories', 'names', 'labels'];

/** Below this size images are assumed not to be cropped, as in CIFAR's evaluation. */
const SMALL = 64;

/**
 * Preprocessing and class names of weights: from their file; else as given; else the usual ones, which the notices
 * say.
 *
 * @throws SettingError when something is given that the file contains itself, or a mean or deviation of other channels
 * @throws UserError when there are not as many names as classes
 */
export function describeWeights(
  weights: WeightsFile & { readonly path: string },
  model: Model,
  given: GivenDescription = {},
): WeightsDescription {
  const { info, path } = weights;
  if (info) {
    refuseGiven(path, given);
    const preprocessing = preprocessingOf(info, model.config.imageSize);
    return { preprocessing, classes: info.data.classes, notices: [] };
  }
  refuseOtherChannels(path, model, given);
  const { preprocessing, assumed } = foreignPreprocessing(weights, model, given);
  const names = foreignNames(weights, model, given);
  return {
    preprocessing,
    classes: names ?? Array.from({ length: model.config.classes }, (_, i) => `class ${i}`),
    notices: [
      ...(assumed === undefined
        ? []
        : [
            (name: NameOfSetting) => `${path} does not say how images are prepared: assumed ${assumed(name)}`,
          ]),
      ...[...(weights.published?.notices ?? []), ...ambiguity(weights, model)].map(
        (notice): SettingText =>
          () =>
            notice,
      ),
    ],
  };
}

/** A sentence where the tensors are also another model's, and nothing says which model they were trained in. */
function ambiguity(weights: WeightsFile & { readonly path: string }, { config: { name } }: Model): string[] {
  const others = alikeModels(weights, name);
  if (others.length === 0) return [];
  const compute = others.length === 1 ? 'computes' : 'compute';
  return [
    `${weights.path} has the tensors of ${name}, and of ${others.join(', ')}, which ${compute} otherwise: ${name} is used`,
  ];
}

function refuseGiven(path: string, given: GivenDescription): void {
  const { mean, std, resizeSize, classes, exif } = given;
  for (const [key, value] of Object.entries({ mean, std, resizeSize, classes, exif }))
    if (value !== undefined)
      throw new SettingError((name) => `${name(key)} is for weights that do not say it, but ${path} does`);
}

function refuseOtherChannels(path: string, { channels }: Model, { mean, std }: GivenDescription): void {
  const own = channels === 1 ? 'grey images, with 1' : `${channels} channels`;
  for (const [key, numbers] of Object.entries({ mean, std }))
    if (numbers && numbers.length !== channels)
      throw new SettingError(
        (name) =>
          `${name(key)} must have a number for each channel of images: ${path} is a model of ${own}, ` +
          `but ${numbers.length} ${numbers.length === 1 ? 'was' : 'were'} given`,
      );
}

/**
 * The preprocessing that a file of weights says, at a model's image size.
 *
 * @param usual what is taken where it does not say it
 */
export function preprocessingOfWeights(
  { info, published, extras }: WeightsFile,
  { config: { imageSize }, channels }: Model,
  usual: Preprocessing,
): Preprocessing {
  if (info) return preprocessingOf(info, imageSize);
  const base = published ? publishedPreprocessing(published, imageSize) : usual;
  const { mean = base.mean, std = base.std } = normalisationIn(extras, channels);
  return { ...base, mean, std };
}

/** Mean and deviation that a training script has put beside the tensors. */
function normalisationIn(extras: WeightsFile['extras'], channels: number): Partial<Normalisation> {
  const listOf = (key: 'mean' | 'std'): Partial<Normalisation> => {
    const numbers = numbersOf(extras?.get(key));
    return numbers?.length === channels ? { [key]: numbers } : {};
  };
  return { ...listOf('mean'), ...listOf('std') };
}

function foreignPreprocessing(
  weights: WeightsFile,
  model: Model,
  { mean, std, resizeSize, exif, data }: GivenDescription,
): { preprocessing: Preprocessing; assumed: SettingText | undefined } {
  const { imageSize } = model.config;
  const kind = imageSize < SMALL ? 'pixels' : 'images';
  const usual =
    data?.preprocessing ?? standardPreprocessing({ kind, normalisation: IMAGENET_NORMALISATION }, imageSize);
  const own = preprocessingOfWeights(weights, model, usual);
  const found = { mean, std, ...normalisationIn(weights.extras, model.channels) };
  const preprocessing = {
    ...own,
    imageSize,
    ...normalisationFor({ mean: mean ?? own.mean, std: std ?? own.std }, model.channels),
    resizeSize: resizeSize ?? own.resizeSize,
    exif: exif ?? own.exif,
  };
  if (weights.published) return { preprocessing, assumed: undefined };
  const normalisation: SettingText = (name) =>
    `the mean and deviation of ${data?.name ?? 'ImageNet'} (${name('mean')}, ${name('std')})`;
  const parts = [
    ...(found.mean && found.std ? [] : [normalisation]),
    ...(resizeSize === undefined && !data ? [cropInWords(preprocessing)] : []),
  ];
  if (parts.length === 0) return { preprocessing, assumed: undefined };
  return { preprocessing, assumed: (name) => parts.map((part) => part(name)).join(' and ') };
}

function cropInWords({ imageSize, resizeSize }: Preprocessing): SettingText {
  const size = `${imageSize}×${imageSize}`;
  const cropped = resizeSize === imageSize ? '' : ` and the centre ${size} cropped`;
  return (name) => `the shorter side resized to ${resizeSize}${cropped} (${name('resizeSize')})`;
}

function foreignNames(
  weights: WeightsFile & { readonly path: string },
  model: Model,
  given: GivenDescription,
): readonly string[] | undefined {
  const { classes } = model.config;
  if (given.classes) {
    if (given.classes.length === classes) return given.classes;
    throw new UserError(
      `the list of classes has ${given.classes.length} names, but ${weights.path} has ${classes} classes`,
    );
  }
  return classNamesIn(weights, classes);
}

/**
 * Names of the classes that a file of weights says, in order; undefined if it has none for so many classes.
 *
 * @param count classes of its classifier
 */
export function classNamesIn(
  { info, extras, published }: WeightsFile,
  count: number | undefined,
): readonly string[] | undefined {
  const lists = NAME_KEYS.map((key) => textsOf(extras?.get(key)));
  return [info?.data.classes, ...lists, published?.classes].find((names) => names?.length === count);
}
