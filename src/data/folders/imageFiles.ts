import { closeSync, type Dirent, openSync, readdirSync, readSync, realpathSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import { byCodePoint } from '../../codePointOrder.js';
import { UserError } from '../../errors.js';
import { FORMAT_BYTES, formatOf, isReadFormat } from '../images/header.js';
import { unreadable } from '../unreadable.js';
import { isFile, statsOf } from './fileKind.js';
import type { LeftOut } from './leftOut.js';
import { isSystemName } from './systemFiles.js';

/** Files of a class: supported images, images of unsupported formats, and the rest. */
export interface ImageFiles {
  /** Paths of the images, sorted within each folder. */
  readonly images: string[];
  /** Images of unsupported formats. */
  readonly foreign: { readonly path: string; readonly format: string }[];
  readonly leftOut: LeftOut[];
}

/** Extensions of supported images. Such a file counts as an image, so that a damaged one is noticed. */
const READ = new Set([
  '.jpg',
  '.jpeg',
  '.jpe',
  '.jfif',
  '.mpo',
  '.png',
  '.apng',
  '.webp',
  '.gif',
  '.tif',
  '.tiff',
]);

/** Extensions of unsupported images, with the names of their formats. */
const FOREIGN: ReadonlyMap<string, string> = new Map([
  ['.avif', 'AVIF'],
  ['.bmp', 'BMP'],
  ['.heic', 'HEIC'],
  ['.heif', 'HEIF'],
  ['.jp2', 'JPEG 2000'],
  ['.jxl', 'JPEG XL'],
  ['.pgm', 'PNM'],
  ['.pnm', 'PNM'],
  ['.ppm', 'PNM'],
]);

/** Whether a file's extension is that of a supported image. */
export function isImageName(name: string): boolean {
  return READ.has(extname(name).toLowerCase());
}

/**
 * Names of the folders in a folder, sorted by code point as Python sorts them. Hidden ones and the
 * system's are left out.
 *
 * @throws UserError when it cannot be read
 */
export function subfolders(folder: string): string[] {
  return entriesOf(folder)
    .filter((entry) => !isSystemName(entry.name) && kindOf(folder, entry) === 'folder')
    .map(({ name }) => name);
}

/**
 * The images in a folder and its subfolders; files without an image extension are recognised by content.
 *
 * @throws UserError when a folder cannot be read, or a link leads back to a folder that it lies in
 */
export function imageFiles(folder: string): ImageFiles {
  const files: ImageFiles = { images: [], foreign: [], leftOut: [] };
  collect(folder, files, []);
  return files;
}

/** As {@link imageFiles}, without subfolders. */
export function looseFiles(folder: string): ImageFiles {
  const files: ImageFiles = { images: [], foreign: [], leftOut: [] };
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    const kind = kindOf(folder, entry);
    if (isSystemName(entry.name)) files.leftOut.push({ path, reason: 'system' });
    else if (kind === 'other') files.leftOut.push({ path, reason: 'noImage' });
    else if (kind === 'file') addFile(path, files);
  }
  return files;
}

/** Whether a file is a .tar archive by its name. */
export function isArchiveName(name: string): boolean {
  return name.toLowerCase().endsWith('.tar') && !isSystemName(name);
}

/** Images and archives directly in a folder around a data set or its parts, told by their names. */
export function filesAround(folder: string): LeftOut[] {
  return entriesOf(folder).flatMap((entry): LeftOut[] => {
    const path = join(folder, entry.name);
    if (isSystemName(entry.name) || kindOf(folder, entry) !== 'file') return [];
    if (isArchiveName(entry.name)) return [{ path, reason: 'beside' }];
    const ending = extname(entry.name).toLowerCase();
    return READ.has(ending) || FOREIGN.has(ending) ? [{ path, reason: 'noClass' }] : [];
  });
}

/** Whether there are images directly in a folder, of a supported format or another. */
export function hasLooseImages(folder: string): boolean {
  return entriesOf(folder).some((entry) => {
    if (isSystemName(entry.name) || kindOf(folder, entry) !== 'file') return false;
    return imageFormat(join(folder, entry.name)) !== undefined;
  });
}

/** @param left real paths of the folders from which links led here */
function collect(folder: string, files: ImageFiles, left: readonly string[]): void {
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    const kind = kindOf(folder, entry);
    if (isSystemName(entry.name)) files.leftOut.push({ path, reason: 'system' });
    else if (kind === 'other') files.leftOut.push({ path, reason: 'noImage' });
    else if (kind === 'folder') {
      collect(path, files, entry.isSymbolicLink() ? [...left, leaving(folder, path, left)] : left);
    } else addFile(path, files);
  }
}

function addFile(path: string, files: ImageFiles): void {
  const format = imageFormat(path);
  if (format === undefined) files.leftOut.push({ path, reason: 'noImage' });
  else if (format === 'read') files.images.push(path);
  else files.foreign.push({ path, format });
}

/** `read` for a supported image, the format's name for another, undefined for what is not an image. */
function imageFormat(path: string): string | undefined {
  const ending = extname(path).toLowerCase();
  if (READ.has(ending)) return 'read';
  const format = formatOf(firstBytes(path)) ?? FOREIGN.get(ending);
  return format !== undefined && isReadFormat(format) ? 'read' : format;
}

/** The first bytes of a file; none of a link that leads nowhere. */
function firstBytes(path: string): Uint8Array {
  if (!isFile(path)) return new Uint8Array(0);
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    const bytes = new Uint8Array(FORMAT_BYTES);
    return bytes.subarray(0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}

/** What is in a folder, sorted. @throws UserError when it cannot be read */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => byCodePoint(a.name, b.name));
  } catch (error) {
    throw unreadable(`the folder ${folder}`, error);
  }
}

/**
 * What an entry of a folder is: links count as what they lead to, or as files where that is nothing, so that they are noticed. What is
 * neither folder nor file, such as a pipe, may be waited for in vain.
 */
function kindOf(folder: string, entry: Dirent): 'folder' | 'file' | 'other' {
  const found = entry.isSymbolicLink() ? statsOf(join(folder, entry.name)) : entry;
  if (found?.isDirectory()) return 'folder';
  return !found || found.isFile() ? 'file' : 'other';
}

/**
 * Refuses a folder that is one that it lies in, by links.
 *
 * @param folder the folder that the link is in
 * @param link the link; or a folder, which is none
 * @param left real paths of the folders from which links led to `folder`
 * @returns the folder's real path
 * @throws UserError when the link leads back
 */
export function leaving(folder: string, link: string, left: readonly string[]): string {
  const from = realpathSync(folder);
  const target = realpathSync(link) + sep;
  if ([...left, from].some((path) => (path + sep).startsWith(target)))
    throw new UserError(`the link ${link} leads back to a folder that it lies in`);
  return from;
}
