import { lstatSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import { UserError } from '../../errors.js';

/**
 * The path of a regular file in a folder.
 *
 * @param name of the file in the folder
 * @returns undefined when there is none
 * @throws UserError when a symbolic link leads out of the folder, or it is not a regular file
 */
export function fileInside(folder: string, name: string): string | undefined {
  const path = join(folder, name);
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry === undefined) return undefined;
  if (entry.isFile()) return path;
  if (!entry.isSymbolicLink()) throw new UserError(`${path} is not a file`);
  const real = realPath(path);
  if (real === undefined || !isInside(realpathSync(folder), real))
    throw new UserError(`${path} is a symbolic link that leads out of the run's folder`);
  return real;
}

/** Whether a path is below a folder; both are real paths. */
export function isInside(folder: string, path: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** The path without symbolic links; undefined for a link that leads nowhere. */
export function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
