import { basename, join } from 'node:path';
import { byCodePoint } from '../../codePointOrder.js';
import { SettingError, UserError } from '../../errors.js';
import { IMAGENET_NORMALISATION, type ImageDataset } from '../dataset.js';
import { READ_FORMATS_TEXT } from '../images/header.js';
import { type ClassMap, classCountOf, classMapNames } from './classMap.js';
import { type ImageFiles, imageFiles, isArchiveName, looseFiles, subfolders } from './imageFiles.js';
import type { LeftOut } from './leftOut.js';

/** Options of {@link imageFolder}. */
export interface ImageFolderOptions {
  /** For messages. Default: the folder's path. */
  readonly name?: string | undefined;
  /** Class numbers of the folders. Default: by their order. */
  readonly classMap?: ClassMap | undefined;
  /** Number of classes with a class map. Default: one more than its greatest number. */
  readonly classCount?: number | undefined;
  /** Names of the folders of all classes, such as those of the training part. Default: the folders that are there. */
  readonly classes?: readonly string[] | undefined;
  /** Whether a file is left out. Default: none. */
  readonly excluded?: ((path: string) => boolean) | undefined;
}

/** A class of a folder of classes. */
export interface ClassFolder {
  /** In Unicode's composed form (NFC): folders whose names differ only in that are one class. */
  readonly name: string;
  /** The first of its folders. */
  readonly path: string;
  readonly files: ImageFiles;
}

/** Maps folders to classes, with the names of the classes. */
interface Classes {
  readonly names: readonly string[];
  readonly labelOf: (folder: string) => number | undefined;
  /** Where the classes come from, for messages. */
  readonly origin: string;
}

/**
 * A folder of folders of images: each folder is a class, and classes are numbered in the order of
 * their names by code point (torchvision's ImageFolder). Only the names of most files are read here.
 *
 * @throws UserError when there are no folders, one has no images or no class number, or an image is of an unsupported format
 */
export function imageFolder(folder: string, options: ImageFolderOptions = {}): ImageDataset {
  return readImageFolder(folder, options).dataset;
}

/** A folder's images, the files left out, the names of its class folders, and what else is to be said. */
export interface ReadFolder {
  readonly dataset: ImageDataset;
  readonly leftOut: readonly LeftOut[];
  readonly folders: readonly string[];
  readonly notes: readonly string[];
}

/** As {@link imageFolder}, with what was left out. */
export function readImageFolder(folder: string, options: ImageFolderOptions = {}): ReadFolder {
  const folders = classFolders(folder);
  if (folders.length === 0)
    throw new UserError(`${folder} has no class folders: expected a folder of images for each class`);
  const kept = folders.map((each) => ({ ...each, ...keptImages(each, options) }));
  const leftOut = kept.flatMap(({ files, excluded }) => [...files.leftOut, ...excluded]);
  refuseSameNames(kept.flatMap(({ images }) => images));
  return {
    dataset: datasetOf(folder, kept, options),
    leftOut: [...looseIn(folder), ...leftOut],
    folders: folders.map(({ name }) => name),
    notes: options.classMap || options.classes ? [] : orderNotes(folders),
  };
}

/** The classes of a folder, sorted by name. @throws UserError when a folder cannot be read */
export function classFolders(folder: string): ClassFolder[] {
  const classes = new Map<string, ClassFolder>();
  for (const raw of subfolders(folder)) {
    const name = raw.normalize('NFC');
    const path = join(folder, raw);
    const files = imageFiles(path);
    const same = classes.get(name);
    classes.set(name, same ? { ...same, files: joined(same.files, files) } : { name, path, files });
  }
  return [...classes.values()].sort((a, b) => byCodePoint(a.name, b.name));
}

/**
 * Images are known by their composed names, which lists of a run's images, exclusion lists and the split compare.
 *
 * @throws UserError when two paths differ only in Unicode's forms
 */
export function refuseSameNames(paths: readonly string[]): void {
  const others = new Map(
    paths.flatMap((path) => {
      const composed = path.normalize('NFC');
      return composed === path ? [] : [[composed, path] as const];
    }),
  );
  if (others.size === 0) return;
  for (const path of paths) {
    const other = others.get(path.normalize('NFC'));
    if (other !== undefined && other !== path)
      throw new UserError(
        `${path} is there twice, by names that differ only in Unicode's forms (composed and decomposed): rename or remove one`,
      );
  }
}

/** What is to be said of classes, sorted by name, where torchvision numbers them in another order: by names as they are on disk. */
export function orderNotes(classes: readonly ClassFolder[]): string[] {
  const onDisk = [...classes].sort((a, b) => byCodePoint(a.path, b.path));
  const at = classes.findIndex((folder, i) => folder !== onDisk[i]);
  if (at < 0) return [];
  return [
    `folders' names are in Unicode's decomposed form, by which torchvision's ImageFolder orders classes: its class ${at} is ${onDisk[at]!.name}, ` +
      `here it is ${classes[at]!.name}; weights without class names may be numbered in its order`,
  ];
}

function joined(a: ImageFiles, b: ImageFiles): ImageFiles {
  return {
    images: [...a.images, ...b.images],
    foreign: [...a.foreign, ...b.foreign],
    leftOut: [...a.leftOut, ...b.leftOut],
  };
}

/** Files beside the class folders: images among them have no class, and archives are not read; others are ignored. */
export function looseIn(folder: string): LeftOut[] {
  const { images, foreign, leftOut } = looseFiles(folder);
  return [
    ...[...images, ...foreign.map(({ path }) => path)].map((path): LeftOut => ({ path, reason: 'noClass' })),
    ...leftOut
      .filter(({ path }) => isArchiveName(basename(path)))
      .map(({ path }): LeftOut => ({ path, reason: 'beside' })),
    ...leftOut.filter(({ reason }) => reason === 'system'),
  ];
}

/** A set of classes with their images. @throws UserError when a class has no number */
export function datasetOf(
  folder: string,
  classFolders: readonly {
    readonly name: string;
    readonly path: string;
    readonly images: readonly string[];
  }[],
  options: ImageFolderOptions,
): ImageDataset {
  const classes = classesOf(
    classFolders.map(({ name }) => name),
    options,
  );
  const paths: string[] = [];
  const labels: number[] = [];
  for (const { name, path, images } of classFolders) {
    const label = classes.labelOf(name);
    if (label === undefined)
      throw new UserError(`${path} is not a class: ${classes.origin} does not have it`);
    for (const image of images) {
      paths.push(image);
      labels.push(label);
    }
  }
  return {
    kind: 'images',
    name: options.name ?? folder,
    classes: classes.names,
    count: paths.length,
    labels: Int32Array.from(labels),
    normalisation: IMAGENET_NORMALISATION,
    source: (index) => ({ path: paths[index]! }),
  };
}

function keptImages(
  { path: folder, files: { images, foreign } }: ClassFolder,
  { excluded = () => false, classes }: ImageFolderOptions,
): { readonly images: readonly string[]; readonly excluded: readonly LeftOut[] } {
  const refused = foreign.find(({ path }) => !excluded(path));
  if (refused)
    throw new SettingError(
      (name) =>
        `${refused.path} is of the unsupported format ${refused.format}: expected ${READ_FORMATS_TEXT}; ` +
        `convert it, or leave it out with ${name('exclude')}`,
      1,
    );
  const kept = images.filter((path) => !excluded(path));
  const gone = [...images, ...foreign.map(({ path }) => path)].filter(excluded);
  // A validation part may lack classes of the training part.
  if (kept.length === 0 && !classes)
    throw new UserError(`the class folder ${folder} has no images: expected ${READ_FORMATS_TEXT} files`);
  return { images: kept, excluded: gone.map((path): LeftOut => ({ path, reason: 'excluded' })) };
}

function classesOf(
  folders: readonly string[],
  { classMap, classCount, classes = folders }: ImageFolderOptions,
): Classes {
  if (!classMap) {
    const labels = new Map(classes.map((name, i) => [name.normalize('NFC'), i]));
    return {
      names: classes,
      labelOf: (folder) => labels.get(folder.normalize('NFC')),
      origin: 'the list of classes',
    };
  }
  const mapped = classCountOf(classMap);
  const count = classCount ?? mapped;
  if (mapped > count)
    throw new UserError(
      `${classMap.path} has the class number ${mapped - 1}, but there are ${count} classes`,
    );
  return {
    names: classMapNames(classMap, count),
    labelOf: (folder) => classMap.labels.get(folder.normalize('NFC')),
    origin: `the class map ${basename(classMap.path)}`,
  };
}
