import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { errorMessage, UserError } from '../../errors.js';

/**
 * Reads a list of files to be left out, a path a line; lines that begin with # are notes.
 *
 * @param folders what relative paths may be relative to
 * @returns whether a path is on the list
 * @throws UserError when the list cannot be read
 */
export function readExclusions(listPath: string, folders: readonly string[]): (path: string) => boolean {
  let text: string;
  try {
    text = readFileSync(listPath, 'utf8');
  } catch (error) {
    throw new UserError(
      `the list of files to leave out, ${listPath}, cannot be read: ${errorMessage(error)}`,
    );
  }
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const paths = new Set(lines.flatMap((line) => folders.map((folder) => resolve(folder, line))));
  return (path) => paths.has(resolve(path));
}
