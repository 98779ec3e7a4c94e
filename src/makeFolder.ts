import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Creates a folder and its missing parents. Node's own recursive `mkdir` never returns in /proc, which reports a
 * folder that cannot be created there as one with a missing parent.
 *
 * @returns the folders that were missing, the outermost first
 * @throws the file system's error
 */
export function makeFolder(path: string): string[] {
  const folder = resolve(path);
  const missing = missingFolders(folder, existsSync, dirname);
  // There is a file in the folder's place, or no such drive: throw the file system's error.
  if (missing.length === 0 && !statSync(folder).isDirectory()) mkdirSync(folder);
  for (const each of missing) makeOne(each);
  return missing;
}

/** A path and its parents that do not exist, the outermost first. A root, such as a drive that is not there, is not among them: it cannot be made. */
export function missingFolders(
  path: string,
  exists: (path: string) => boolean,
  parentOf: (path: string) => string,
): string[] {
  const missing: string[] = [];
  for (let at = path; at !== parentOf(at) && !exists(at); at = parentOf(at)) missing.unshift(at);
  return missing;
}

function makeOne(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another process may have created it meanwhile.
    if (!existsSync(folder)) throw error;
  }
}
