import { SettingError } from '../../errors.js';
import type { DatasetPair, ImageDataset } from '../dataset.js';
import type { PartName } from '../folders/partNames.js';
import type { Fold } from '../folders/splits.js';
import type { DataSummary } from './summary.js';

/** The parts of a data set of image files. */
export interface ImageParts extends DatasetPair {
  readonly train: ImageDataset;
  /** What training is evaluated on: the validation part, else the test part, else what is held out. */
  readonly test: ImageDataset;
  /** The test part, if the data set has one besides the validation part. */
  readonly final?: ImageDataset | undefined;
  /** Folder that image paths are relative to. */
  readonly root: string;
  readonly summary: DataSummary;
}

/** How a data set without parts is split. */
export interface SplitOptions {
  /** Share of the images that is held out, above 0 and below 1. Default 0.2. */
  readonly valShare?: number | undefined;
  /** Decides what is held out. Default 0. */
  readonly splitSeed?: number | undefined;
  /** With `none` both parts are all images, to test a whole data set. Default `path`: see holdOut. */
  readonly splitBy?: 'path' | 'none' | undefined;
  /** Hold out a fold in place of a share. Default: none. */
  readonly fold?: Fold | undefined;
}

/**
 * A part by its name. If a data set has two parts, the second is used for validation and testing.
 */
export function partNamed({ train, test, final }: ImageParts, part: PartName): ImageDataset {
  if (part === 'train') return train;
  return part === 'val' ? test : (final ?? test);
}

/** @throws SettingError when data that has a part for validation is to be split into folds */
export function refuseFolds(place: string, part: string, fold: Fold | undefined): void {
  if (fold)
    throw new SettingError(
      (name) => `${place} has a part for validation, ${part}: ${name('folds')} is for data without one`,
      1,
    );
}

/** @throws SettingError when a split left a part empty */
export function refuseEmptyParts(
  parts: { train: ImageDataset; test: ImageDataset },
  share: number,
  fold?: Fold,
): void {
  const images = parts.train.count + parts.test.count;
  if (fold && images < fold.of)
    throw new SettingError((name) => `${images} images are too few for ${name('folds')} ${fold.of}`, 1);
  const empty =
    parts.test.count === 0 ? 'held out' : parts.train.count === 0 ? 'left to train on' : undefined;
  if (empty === undefined) return;
  throw new SettingError(
    (name) =>
      `none of the ${parts.train.count + parts.test.count} images is ${empty} with ${name('valShare')} ${share}: ` +
      `give another ${name('valShare')} or ${name('splitSeed')}, or folders train/ and val/`,
    1,
  );
}
