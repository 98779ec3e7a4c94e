import { basename, join } from 'node:path';
import { UserError } from '../../errors.js';
import { IMAGENET_NORMALISATION, type ImageDataset } from '../dataset.js';
import type { ClassMap } from './classMap.js';
import { imageFiles, subfolders } from './imageFiles.js';

/** Options of {@link imageFolder}. */
export interface ImageFolderOptions {
  /** For messages. Default: the folder's path. */
  readonly name?: string | undefined;
  /** Class numbers of the folders. Default: their order. */
  readonly classMap?: ClassMap | undefined;
  /** Number of classes with a class map. Default: one more than its greatest number. */
  readonly classCount?: number | undefined;
  /** Names of the folders of all classes, such as those of the training part. Default: the folders that are there. */
  readonly classes?: readonly string[] | undefined;
  /** Whether a file is left out. Default: none. */
  readonly excluded?: ((path: string) => boolean) | undefined;
}

/** Which class a folder is, and what the classes are called. */
interface Classes {
  readonly names: readonly string[];
  readonly labelOf: (folder: string) => number | undefined;
  /** What the classes are, for messages. */
  readonly origin: string;
}

/**
 * A folder of folders of images: each folder is a class, and classes are numbered in the order of
 * their sorted names (torchvision's ImageFolder). Only names are read here.
 *
 * @throws UserError when there are no folders, one has no images or no class number, or an image is of a format that is not read
 */
export function imageFolder(folder: string, options: ImageFolderOptions = {}): ImageDataset {
  const folders = subfolders(folder);
  if (folders.length === 0)
    throw new UserError(`${folder} has no class folders: expected a folder of images for each class`);
  const classes = classesOf(folders, options);
  const paths: string[] = [];
  const labels: number[] = [];
  for (const name of folders) {
    const label = classes.labelOf(name);
    if (label === undefined)
      throw new UserError(`${join(folder, name)} is no class: ${classes.origin} does not have it`);
    for (const path of classFiles(join(folder, name), options)) {
      paths.push(path);
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

function classFiles(folder: string, { excluded }: ImageFolderOptions): string[] {
  const { images, foreign } = imageFiles(folder);
  const refused = foreign.find((path) => !excluded?.(path));
  if (refused !== undefined) {
    throw new UserError(
      `${refused} is of a format that is not read: expected JPEG, PNG or WebP; convert it, or leave it out by name`,
    );
  }
  const kept = excluded ? images.filter((path) => !excluded(path)) : images;
  if (kept.length === 0)
    throw new UserError(
      `the class folder ${folder} has no images: expected .jpg, .jpeg, .png or .webp files`,
    );
  return kept;
}

function classesOf(
  folders: readonly string[],
  { classMap, classCount, classes = folders }: ImageFolderOptions,
): Classes {
  if (!classMap) {
    const labels = new Map(classes.map((name, i) => [name, i]));
    return { names: classes, labelOf: (folder) => labels.get(folder), origin: 'the list of classes' };
  }
  const most = Math.max(...classMap.labels.values());
  const count = classCount ?? most + 1;
  if (most >= count)
    throw new UserError(`${classMap.path} has the class number ${most}, but there are ${count} classes`);
  const folderOf = new Map([...classMap.labels].map(([folder, label]) => [label, folder]));
  return {
    names: Array.from({ length: count }, (_, i) => classMap.names.get(i) ?? folderOf.get(i) ?? `class ${i}`),
    labelOf: (folder) => classMap.labels.get(folder),
    origin: `the class map ${basename(classMap.path)}`,
  };
}
