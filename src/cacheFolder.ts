import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { missingFolders } from './makeFolder.js';

/** Why nothing can be kept, where there is no folder of caches. */
export const NO_CACHE = 'there is no home folder, and XDG_CACHE_HOME names no folder';

/** The user's home folder; undefined where there is none: no `HOME`, and no entry among the system's users, as in some containers. */
export function homeFolder(): string | undefined {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The user's folder of caches: `XDG_CACHE_HOME`, or `~/.cache` where that is not set, empty or relative, as the XDG Base Directory
 * Specification says.
 *
 * @returns undefined where there is no home folder either
 */
export function cachesFolder(): string | undefined {
  const { XDG_CACHE_HOME: folder = '' } = process.env;
  if (isAbsolute(folder)) return folder;
  const home = homeFolder();
  return home === undefined ? undefined : join(home, '.cache');
}

/**
 * Where what can be made again is kept: the folder `biasloss/NAME` in `XDG_CACHE_HOME` or `~/.cache`.
 *
 * @returns undefined where there is neither, and nothing can be kept
 */
export function cacheFolder(name: string): string | undefined {
  const folder = cachesFolder();
  return folder === undefined ? undefined : join(folder, 'biasloss', name);
}

/** Whether files can be made in a folder, or it in the nearest folder above that is there, as far as rights tell. */
export function isWritable(folder: string): boolean {
  const [first] = missingFolders(folder, existsSync, dirname);
  const nearest = first === undefined ? folder : dirname(first);
  try {
    accessSync(nearest, constants.W_OK);
    return statSync(nearest).isDirectory();
  } catch {
    return false;
  }
}
