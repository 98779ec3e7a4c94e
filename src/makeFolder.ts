import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and those that it lies in, where they are missing. Node's own recursive `mkdir` never returns in
 * /proc, which says of a folder that cannot be made there that its parent is missing.
 *
 * @returns the folders that were missing, the outermost first
 * @throws the file system's error
 */
export function makeFolder(path: string): string[] {
  const missing: string[] = [];
  let folder = resolve(path);
  for (; !existsSync(folder); folder = dirname(folder)) missing.unshift(folder);
  // A file in the folder's place: the file system's own words.
  if (missing.length === 0 && !statSync(folder).isDirectory()) mkdirSync(folder);
  for (const each of missing) makeOne(each);
  return missing;
}

function makeOne(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (!existsSync(folder)) throw error;
  }
}
