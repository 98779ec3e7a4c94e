import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { errorMessage, UserError } from '../errors.js';
import { makeFolder } from '../makeFolder.js';
import { codeOf } from '../realms.js';

/** A folder that was just created. */
export interface NewFolder {
  readonly path: string;
  /** It and its parent folders that were missing, the outermost first. */
  readonly folders: readonly string[];
}

/**
 * Creates a run's folder if it is missing.
 *
 * @returns the folders that were missing, the outermost first
 * @throws UserError when it cannot be created
 */
export function makeRunFolder(path: string): string[] {
  try {
    return makeFolder(path);
  } catch (error) {
    throw new UserError(`the run folder ${path} cannot be created: ${errorMessage(error)}`);
  }
}

/**
 * Creates a folder called `name`, or `name-2`, `name-3` … if that is taken, even at the same moment by another
 * process.
 *
 * @throws UserError when it cannot be created
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
      throw new UserError(`the run folder ${path} cannot be created: ${errorMessage(error)}`);
    }
  }
}

/** Removes folders that are empty, the last one first. */
export function removeEmpty(folders: readonly string[]): void {
  for (const folder of folders.toReversed()) {
    if (!existsSync(folder)) continue;
    if (readdirSync(folder).length > 0) return;
    rmdirSync(folder);
  }
}
