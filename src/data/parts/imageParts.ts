import { UserError } from '../../errors.js';
import type { DatasetPair, ImageDataset } from '../dataset.js';
import type { PartName } from '../folders/partNames.js';
import type { DataSummary } from './summary.js';

/** The parts of a set of images in files. */
export interface ImageParts extends DatasetPair {
  readonly train: ImageDataset;
  /** What training is evaluated on: the part for validation, else that for testing, else what is held out. */
  readonly test: ImageDataset;
  /** The part for testing, where the set has one besides that for validation. */
  readonly final?: ImageDataset | undefined;
  /** Folder that images are named from. */
  readonly root: string;
  readonly summary: DataSummary;
}

/** How a set is split that has no parts. */
export interface SplitOptions {
  /** Share of the images that is held out, above 0 and below 1. Default 0.2. */
  readonly valShare?: number | undefined;
  /** Decides what is held out. Default 0. */
  readonly splitSeed?: number | undefined;
  /** `none` makes all images both parts, for tests of a whole set. Default `path`: see holdOut. */
  readonly splitBy?: 'path' | 'none' | undefined;
}

/**
 * A part by its name. Where a set has two parts, the second serves for validation and for testing.
 */
export function partNamed({ train, test, final }: ImageParts, part: PartName): ImageDataset {
  if (part === 'train') return train;
  return part === 'val' ? test : (final ?? test);
}

/** @throws UserError when a split left a part empty */
export function refuseEmptyParts(parts: { train: ImageDataset; test: ImageDataset }, share: number): void {
  const empty =
    parts.test.count === 0 ? 'held out' : parts.train.count === 0 ? 'left to train on' : undefined;
  if (empty === undefined) return;
  throw new UserError(
    `of the ${parts.train.count + parts.test.count} images none is ${empty} with --val-share ${share}: ` +
      'give another --val-share or --split-seed, or folders train/ and val/',
  );
}
