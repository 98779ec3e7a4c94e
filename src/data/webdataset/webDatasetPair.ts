import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { byCodePoint } from '../../codePointOrder.js';
import { UserError } from '../../errors.js';
import type { DatasetPair } from '../dataset.js';
import { holdOut, PART_NAMES } from '../folders/splits.js';
import { expandBraces } from './braces.js';
import { webDataset } from './webDataset.js';

/** Options of {@link loadWebDatasets}. */
export interface WebDatasetsOptions {
  /** Names of the classes. */
  readonly classes?: readonly string[] | undefined;
  /** Share of each class that is held out for testing where there are no archives for that. Default 0.2. */
  readonly testShare?: number | undefined;
  /** Decides what is held out. Default 0. */
  readonly seed?: number | undefined;
}

/**
 * Training and test images in .tar archives: a folder with `train` and `val` (or valid, validation,
 * test) folders of them, or with archives whose names begin so; or a folder, a file or a pattern such
 * as `shard-{000..011}.tar`, of which a share is held out.
 *
 * @throws UserError when there are no archives, or as {@link webDataset}
 */
export function loadWebDatasets(place: string, options: WebDatasetsOptions = {}): DatasetPair {
  const train = partShards(place, PART_NAMES.train);
  const test = partShards(place, PART_NAMES.test);
  if (train.length === 0 || test.length === 0) {
    const all = webDataset(train.length > 0 ? train : findShards(place), {
      name: place,
      classes: options.classes,
    });
    return holdOut(all, options.testShare ?? 0.2, options.seed ?? 0);
  }
  const training = webDataset(train, { name: `${place} train`, classes: options.classes });
  return { train: training, test: webDataset(test, { name: `${place} test`, classes: training.classes }) };
}

/**
 * The archives that a path or a pattern stands for, sorted within a folder.
 *
 * @throws UserError when there are none
 */
export function findShards(place: string): string[] {
  const shards = isFolder(place) ? tarsIn(place) : expandBraces(place);
  if (shards.length === 0) throw new UserError(`${place} has no .tar archives`);
  return shards;
}

/**
 * The archives to validate on: those of a folder's test part, or all where it has none.
 *
 * @throws UserError when there are none
 */
export function validationShards(place: string): string[] {
  const test = partShards(place, PART_NAMES.test);
  return test.length > 0 ? test : findShards(place);
}

/** Whether a path or pattern stands for .tar archives, rather than a folder of class folders. */
export function isWebDataset(place: string): boolean {
  const parts = [...PART_NAMES.train, ...PART_NAMES.test].map((name) => join(place, name));
  return /\.tar$/i.test(place) || [place, ...parts].some((path) => isFolder(path) && tarsIn(path).length > 0);
}

function partShards(place: string, names: readonly string[]): string[] {
  if (!isFolder(place)) return [];
  const folder = names.map((name) => join(place, name)).find(isFolder);
  if (folder !== undefined) return tarsIn(folder);
  return tarsIn(place).filter((path) => names.some((name) => new RegExp(`^${name}\\b`).test(basename(path))));
}

function tarsIn(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.toLowerCase().endsWith('.tar'));
  return names.sort(byCodePoint).map((name) => join(folder, name));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
