import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errorMessage, UserError } from '../../errors.js';
import { linesOf, readTextFile } from './textFile.js';

/** Files and folders to leave out of a data set. */
export interface Exclusions {
  /** The list, for messages. */
  readonly path: string;
  /** Whether a file is on the list, or a folder that it lies in. */
  has(path: string): boolean;
  /** Entries that are not a file or folder. */
  readonly unmatched: readonly string[];
}

/**
 * Reads a list of files or folders to leave out, one path per line; lines that start with # are comments. Quotes
 * around a path, backslashes in it and a comment after it (` # blurred`) are understood.
 *
 * @param folders folders that relative paths may be relative to; the first that has the file counts
 * @throws UserError when the list cannot be read
 */
export function readExclusions(listPath: string, folders: readonly string[]): Exclusions {
  let text: string;
  try {
    text = readTextFile(listPath);
  } catch (error) {
    throw new UserError(
      `the list of files to leave out, ${listPath}, cannot be read: ${errorMessage(error)}`,
    );
  }
  const paths = new Set<string>();
  const unmatched: string[] = [];
  for (const { line } of linesOf(text)) {
    const path = pathOfEntry(line, folders);
    if (path === undefined) unmatched.push(line);
    else paths.add(path.normalize('NFC'));
  }
  const has = (path: string): boolean => {
    for (let at = resolve(path).normalize('NFC'); ; at = dirname(at)) {
      if (paths.has(at)) return true;
      if (at === dirname(at)) return false;
    }
  };
  return { path: listPath, has, unmatched };
}

/**
 * The line of an exclusion list that names a file.
 *
 * @param path relative to the data folder, or absolute
 * @throws UserError when no line can name it
 */
export function exclusionLine(path: string): string {
  if (/[\r\n]/.test(path))
    throw new UserError(`${JSON.stringify(path)} cannot be on an exclusion list: its name has a line break`);
  // Blanks and quotes around it would be taken off, and # would start a comment.
  return /^[\s"'#]|[\s"']$/.test(path) ? `"${path}"` : path;
}

/** Lines of an exclusion list that name files. @throws UserError as {@link exclusionLine} */
export function exclusionLines(paths: Iterable<string>): string {
  return [...paths].map((path) => `${exclusionLine(path)}\n`).join('');
}

/**
 * The file or folder that a line of an exclusion list names; its possible readings are tried in turn.
 *
 * @param folders as those of {@link readExclusions}
 * @returns undefined when there is none
 */
export function pathOfEntry(entry: string, folders: readonly string[]): string | undefined {
  const plain = unquoted(entry);
  const withoutNote = unquoted(plain.replace(/\s+#.*$/, ''));
  const readings = [plain, withoutNote].flatMap((text) => [text, text.replaceAll('\\', '/')]);
  const forms = readings.flatMap((text) => [text, text.normalize('NFC'), text.normalize('NFD')]);
  return folders
    .flatMap((folder) => forms.map((form) => resolve(folder, form)))
    .find((path) => existsSync(path));
}

function unquoted(text: string): string {
  const match = /^(["'])(.*)\1$/.exec(text.trim());
  return match ? match[2]! : text.trim();
}
