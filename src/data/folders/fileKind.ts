import { type Stats, statSync } from 'node:fs';
import { codeOf } from '../../realms.js';
import { unreadable } from '../unreadable.js';

/** Codes of paths that lead nowhere: too long, or through a link to itself. Node reports missing ones without an error. */
const NOWHERE: readonly unknown[] = ['ELOOP', 'ENAMETOOLONG'];

/**
 * What is at a path, after links; undefined where it leads nowhere.
 *
 * @throws UserError when a folder on the way may not be searched
 */
export function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (NOWHERE.includes(codeOf(error))) return undefined;
    throw unreadable(path, error);
  }
}

/** Whether there is a folder at a path, or a link to one. @throws UserError as {@link statsOf} */
export function isFolder(path: string): boolean {
  return statsOf(path)?.isDirectory() ?? false;
}

/** Whether there is a regular file at a path, or a link to one. @throws UserError as {@link statsOf} */
export function isFile(path: string): boolean {
  return statsOf(path)?.isFile() ?? false;
}
