import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import { byCodePoint } from '../../codePointOrder.js';
import { errorMessage, UserError } from '../../errors.js';

/** Files of a class: what is read, and images of formats that are not. */
export interface ImageFiles {
  /** Paths of JPEG, PNG and WebP images, by extension, sorted. */
  readonly images: string[];
  /** Paths of images whose format is not read. */
  readonly foreign: string[];
}

const READ = new Set(['.jpg', '.jpeg', '.png', '.webp']);
const FOREIGN = new Set([
  '.avif',
  '.bmp',
  '.gif',
  '.heic',
  '.heif',
  '.jp2',
  '.jxl',
  '.pgm',
  '.ppm',
  '.tif',
  '.tiff',
]);

/** Whether a file's name is that of an image that is read. */
export function isImageName(name: string): boolean {
  return READ.has(extname(name).toLowerCase());
}

/**
 * Names of the folders in a folder, sorted by code point as Python sorts them. Hidden ones are left out.
 *
 * @throws UserError when it cannot be read
 */
export function subfolders(folder: string): string[] {
  return entriesOf(folder)
    .filter((entry) => !entry.name.startsWith('.') && isFolder(folder, entry))
    .map(({ name }) => name)
    .sort(byCodePoint);
}

/**
 * The images in a folder and the folders in it. Other files, such as notes, don't count.
 *
 * @throws UserError when a folder cannot be read, or a link leads back to a folder that it lies in
 */
export function imageFiles(folder: string): ImageFiles {
  const files: ImageFiles = { images: [], foreign: [] };
  collect(folder, files);
  return files;
}

function collect(folder: string, files: ImageFiles): void {
  const entries = entriesOf(folder).sort((a, b) => byCodePoint(a.name, b.name));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    const extension = extname(entry.name).toLowerCase();
    if (isFolder(folder, entry)) {
      if (entry.isSymbolicLink()) refuseLoop(folder, path);
      collect(path, files);
    } else if (READ.has(extension)) files.images.push(path);
    else if (FOREIGN.has(extension)) files.foreign.push(path);
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw new UserError(`the folder ${folder} cannot be read: ${errorMessage(error)}`);
  }
}

function isFolder(folder: string, entry: Dirent): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return statSync(join(folder, entry.name), { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function refuseLoop(folder: string, link: string): void {
  const inside = realpathSync(folder) + sep;
  if (inside.startsWith(realpathSync(link) + sep))
    throw new UserError(`the link ${link} leads back to a folder that it lies in`);
}
