import { statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../errors.js';
import type { DatasetPair } from '../dataset.js';
import type { ClassMap } from './classMap.js';
import { readExclusions } from './exclusions.js';
import { subfolders } from './imageFiles.js';
import { imageFolder } from './imageFolder.js';
import { holdOut, PART_NAMES } from './splits.js';

/** Options of {@link loadImageFolders}. */
export interface ImageFoldersOptions {
  readonly classMap?: ClassMap | undefined;
  /** A list of training files that are left out, a path a line. Validation uses every file. */
  readonly excludeList?: string | undefined;
  /** Share of each class that is held out for testing where there is no such folder. Default 0.2. */
  readonly testShare?: number | undefined;
  /** Decides what is held out. Default 0. */
  readonly seed?: number | undefined;
}

/** Folders of a set's parts. */
export interface PartFolders {
  readonly train: string;
  /** Undefined where the test part must be held out of the training part. */
  readonly test: string | undefined;
}

/**
 * Training and test images in ImageFolder's layout: `train/` and `val/` (or valid, validation, test),
 * each with a folder a class; or class folders alone, of which a share is held out.
 *
 * @throws UserError when the layout is another, or as {@link imageFolder}
 */
export function loadImageFolders(folder: string, options: ImageFoldersOptions = {}): DatasetPair {
  const { classMap, excludeList, testShare = 0.2, seed = 0 } = options;
  const parts = partFolders(folder);
  const excluded = excludeList === undefined ? undefined : readExclusions(excludeList, [folder, parts.train]);
  const train = imageFolder(parts.train, { classMap, excluded });
  if (parts.test === undefined) return holdOut(train, testShare, seed);
  const test = imageFolder(parts.test, {
    classMap,
    classes: train.classes,
    classCount: train.classes.length,
  });
  return { train, test };
}

/**
 * Finds the parts of a set. A class may be called `train`, too: a part is a folder that has folders.
 *
 * @throws UserError when there is no folder
 */
export function partFolders(folder: string): PartFolders {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new UserError(`there is no folder ${folder}: expected a folder of images for each class in it`);
  const find = (names: readonly string[]): string | undefined =>
    names.map((name) => join(folder, name)).find(hasFolders);
  const train = find(PART_NAMES.train);
  const test = find(PART_NAMES.test);
  // Where there is a validation part alone, it is all there is.
  return train === undefined ? { train: test ?? folder, test: undefined } : { train, test };
}

function hasFolders(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false) && subfolders(path).length > 0;
}
