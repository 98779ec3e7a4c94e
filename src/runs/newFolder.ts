import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { errorMessage, UserError } from '../errors.js';
import { makeFolder } from '../makeFolder.js';
import { codeOf } from '../realms.js';

/** A folder that was just made. */
export interface NewFolder {
  readonly path: string;
  /** It and the folders around it that were missing, the outermost first. */
  readonly folders: readonly string[];
}

/**
 * Makes a run's folder where it is missing.
 *
 * @returns the folders that were missing, the outermost first
 * @throws UserError when it cannot be made
 */
export function makeRunFolder(path: string): string[] {
  try {
    return makeFolder(path);
  } catch (error) {
    throw new UserError(`the run folder ${path} cannot be made: ${errorMessage(error)}`);
  }
}

/**
 * Makes a folder called `name`, or `name-2`, `name-3` … where that is taken, even in the same moment by another
 * process.
 *
 * @throws UserError when it cannot be made
 */
export function makeNewFolder(parent: string, name: string): NewFolder {
  const folders = makeRunFolder(parent);
  for (let number = 1; ; number++) {
    const path = join(parent, number === 1 ? name : `${name}-${number}`);
    try {
      mkdirSync(path);
      return { path, folders: [...folders, resolve(path)] };
    } catch (error) {
      if (codeOf(error) === 'EEXIST') continue;
      removeEmpty(folders);
      throw new UserError(`the run folder ${path} cannot be made: ${errorMessage(error)}`);
    }
  }
}

/** Removes folders, the last one first, as far as they are empty. */
export function removeEmpty(folders: readonly string[]): void {
  for (const folder of folders.toReversed()) {
    if (!existsSync(folder)) continue;
    if (readdirSync(folder).length > 0) return;
    rmdirSync(folder);
  }
}
