import { SettingError } from '../../errors.js';
import type { DatasetPair, ImageDataset } from '../dataset.js';
import type { PartName } from '../folders/partNames.js';
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
}

/**
 * A part by its name. If a data set has two parts, the second is used for validation and testing.
 */
export function partNamed({ train, test, final }: ImageParts, part: PartName): ImageDataset {
  if (part === 'train') return train;
  return part === 'val' ? test : (final ?? test);
}

/** @throws SettingError when a split left a part empty */
export function refuseEmptyParts(parts: { train: ImageDataset; test: ImageDataset }, share: number): void {
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
