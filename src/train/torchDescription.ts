import { isInterpolation } from '../data/preprocessing.js';
import type { TorchExtra } from '../formats/torch/extras.js';
import type { ModelConfig } from '../models/model.js';
import { families, isModelName } from '../models/registry.js';
import type { CheckpointInfo } from './checkpointInfo.js';

/** Keys of {@link describeInExtras}, with those of every model's hyperparameters. */
const DESCRIBED: ReadonlySet<string> = new Set([
  ...['architecture', 'image_size', 'classes', 'mean', 'std', 'resize_size', 'interpolation', 'exif'],
  ...families.options.keys(),
]);

/** Whether {@link infoOfExtras} takes a key for a part of the description. */
export function isDescription(key: string): boolean {
  return DESCRIBED.has(key);
}

/**
 * The description of a model and its data, as plain values beside the state dict of a .pth file: `architecture`,
 * `image_size`, `classes`, `mean`, `std`, `resize_size`, `interpolation`, `exif`.
 */
export function describeInExtras({ model, data }: CheckpointInfo): Map<string, TorchExtra> {
  const { resizeSize, interpolation, exif } = data;
  return new Map<string, TorchExtra>([
    ['architecture', model.name],
    ...Object.entries(families.optionsOf(model)),
    ['image_size', model.imageSize],
    ['classes', data.classes],
    ['mean', data.mean],
    ['std', data.std],
    ...(resizeSize === undefined ? [] : [['resize_size', resizeSize] as const]),
    ...(interpolation === undefined ? [] : [['interpolation', interpolation] as const]),
    ...(exif === undefined ? [] : [['exif', exif] as const]),
  ]);
}

/** The description that {@link describeInExtras} wrote; undefined if it is incomplete, as in other programs' files. */
export function infoOfExtras(extras: ReadonlyMap<string, TorchExtra>): CheckpointInfo | undefined {
  const name = extras.get('architecture');
  const imageSize = extras.get('image_size');
  const classes = textsOf(extras.get('classes'));
  const mean = numbersOf(extras.get('mean'));
  const std = numbersOf(extras.get('std'));
  if (typeof name !== 'string' || !isModelName(name) || typeof imageSize !== 'number') return undefined;
  const channels = mean?.length;
  if (!classes || !mean || !channels || std?.length !== channels) return undefined;
  const hyperparameters = families.optionsOf(Object.fromEntries(extras));
  const model: ModelConfig = { name, classes: classes.length, imageSize, channels, ...hyperparameters };
  const resizeSize = extras.get('resize_size');
  const interpolation = extras.get('interpolation');
  const exif = extras.get('exif');
  return {
    model,
    data: {
      classes,
      mean,
      std,
      ...(typeof resizeSize === 'number' && { resizeSize }),
      ...(isInterpolation(interpolation) && { interpolation }),
      ...((exif === 'apply' || exif === 'ignore') && { exif }),
    },
  };
}

/** A list of text. */
export function textsOf(value: TorchExtra | undefined): readonly string[] | undefined {
  return Array.isArray(value) && typeof value[0] === 'string' ? value : undefined;
}

/** A list of numbers. */
export function numbersOf(value: TorchExtra | undefined): readonly number[] | undefined {
  return Array.isArray(value) && typeof value[0] === 'number' ? value : undefined;
}
