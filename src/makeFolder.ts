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
  const missing: string[] = [];
  let folder = resolve(path);
  for (; !existsSync(folder); folder = dirname(folder)) missing.unshift(folder);
  // There is a file in the folder's place: throw the file system's error.
  if (missing.length === 0 && !statSync(folder).isDirectory()) mkdirSync(folder);
  for (const each of missing) makeOne(each);
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
