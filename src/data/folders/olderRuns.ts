import { type Dirent, readdirSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { errorMessage, UserError } from '../../errors.js';
import { permutation } from '../../random.js';
import { type ImageDataset, subset } from '../dataset.js';
import type { ImageParts } from '../parts/imageParts.js';
import { nameInArchive } from '../webdataset/shardIndex.js';
import { findShards } from '../webdataset/shards.js';
import { webDataset } from '../webdataset/webDataset.js';
import { readExclusions } from './exclusions.js';
import { isFolder, statsOf } from './fileKind.js';
import { datasetOf, type ImageFolderOptions } from './imageFolder.js';
import type { ImageFoldersOptions } from './imageFolderPair.js';
import { type ImageDatasetPair, partsOf } from './splits.js';

/*
 * Data as version 0.1.0 read it, for its runs: which files and folders counted, and a split that depends on
 * the number of images. New rules must not change the data that such a run trains and tests on.
 */

const TRAIN = ['train'];
const TEST = ['val', 'valid', 'validation', 'test'];
const SHARE = 0.2;
const READ = new Set(['.jpg', '.jpeg', '.png', '.webp']);

/** Image folders as version 0.1.0 read them. @throws UserError as it did */
export function olderImageFolders(folder: string, options: ImageFoldersOptions): ImageParts {
  const find = (names: readonly string[]): string | undefined =>
    names.map((name) => join(folder, name)).find((path) => isFolder(path) && subfolders(path).length > 0);
  const [trainFolder, testFolder] = [find(TRAIN), find(TEST)];
  const from = trainFolder ?? testFolder ?? folder;
  const { classMap, excludeList } = options;
  const exclusions = excludeList === undefined ? undefined : readExclusions(excludeList, [folder, from]);
  const all = classesOf(from, { classMap, excluded: exclusions?.has });
  if (trainFolder === undefined || testFolder === undefined)
    return summarised(folder, holdOutByPlace(all), from);
  const { classes } = all;
  // Exclusion lists were for training images alone.
  const test = classesOf(testFolder, { classMap, classes, classCount: classes.length });
  return summarised(folder, { train: all, test }, folder);
}

/** Archives as version 0.1.0 read them. @throws UserError as it did */
export async function olderWebDatasets(place: string): Promise<ImageParts> {
  const [train, test] = [partShards(place, TRAIN), partShards(place, TEST)];
  const root = isFolder(place) ? place : join(findShards(place)[0]!, '..');
  if (train.length === 0 || test.length === 0) {
    const all = lastOfEachName(
      await webDataset(train.length > 0 ? train : findShards(place), { name: place }),
    );
    return summarised(place, holdOutByPlace(all), root);
  }
  const training = lastOfEachName(await webDataset(train, { name: `${place} train` }));
  const testing = lastOfEachName(
    await webDataset(test, { name: `${place} test`, classes: training.classes }),
  );
  return summarised(place, { train: training, test: testing }, root);
}

/** Of samples with the same name in an archive the last one, in the place of the first. */
function lastOfEachName(dataset: ImageDataset): ImageDataset {
  const last = new Map<string, number>();
  for (let i = 0; i < dataset.count; i++) {
    const { path, member } = dataset.source(i);
    last.set(`${path}/${nameInArchive(member!.name)}`, i);
  }
  return last.size === dataset.count ? dataset : subset(dataset, Uint32Array.from(last.values()));
}

/** Holds out a fifth of each class, by a permutation of all images: every image's place among them counts. */
export function holdOutByPlace(dataset: ImageDataset): ImageDatasetPair {
  const byClass = dataset.classes.map((): number[] => []);
  permutation(0, 0, dataset.count).forEach((index) => {
    byClass[dataset.labels[index]!]!.push(index);
  });
  const held = new Uint8Array(dataset.count);
  for (const indices of byClass) {
    const wanted = Math.min(Math.max(Math.round(SHARE * indices.length), 1), indices.length - 1);
    for (const index of indices.slice(0, wanted)) held[index] = 1;
  }
  return partsOf(dataset, held);
}

function summarised(place: string, { train, test }: ImageDatasetPair, root: string): ImageParts {
  const parts = [
    { part: 'train', images: train.count },
    { part: 'val', images: test.count },
  ] as const;
  const notes = ['the run is of an older version, whose files and split are kept'];
  const summary = { place, classes: train.classes.length, parts, notes, leftOut: [] };
  return { train, test, root, summary };
}

function classesOf(folder: string, options: ImageFolderOptions): ImageDataset {
  const classes = subfolders(folder).map((name) => {
    const path = join(folder, name);
    const images = imagesIn(path).filter((image) => !options.excluded?.(image));
    if (images.length === 0)
      throw new UserError(
        `the class folder ${path} has no images: expected .jpg, .jpeg, .png or .webp files`,
      );
    return { name, path, images };
  });
  if (classes.length === 0)
    throw new UserError(`${folder} has no class folders: expected a folder of images for each class`);
  return datasetOf(folder, classes, options);
}

function imagesIn(folder: string): string[] {
  return entriesOf(folder).flatMap((entry) => {
    const path = join(folder, entry.name);
    const stats = statsOf(path);
    if (stats?.isDirectory()) return imagesIn(path);
    return READ.has(extname(entry.name).toLowerCase()) && (!stats || stats.isFile()) ? [path] : [];
  });
}

function subfolders(folder: string): string[] {
  const names = entriesOf(folder).map(({ name }) => name);
  return names.filter((name) => !name.startsWith('.') && isFolder(join(folder, name)));
}

function partShards(place: string, names: readonly string[]): string[] {
  if (!isFolder(place)) return [];
  const folder = names.map((name) => join(place, name)).find(isFolder);
  if (folder !== undefined) return isTarFolder(folder) ? findShards(folder) : [];
  const shards = isTarFolder(place) ? findShards(place) : [];
  return shards.filter((path) => names.some((name) => new RegExp(`^${name}\\b`).test(basename(path))));
}

const isTarFolder = (folder: string): boolean =>
  entriesOf(folder).some(({ name }) => name.toLowerCase().endsWith('.tar'));

/** What is in a folder, in the order of UTF-16 units. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw new UserError(`the folder ${folder} cannot be read: ${errorMessage(error)}`);
  }
}
