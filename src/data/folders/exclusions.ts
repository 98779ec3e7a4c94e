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
    const path = findEntry(line, folders);
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

/** The file that an entry names; its possible readings are tried in turn. */
function findEntry(entry: string, folders: readonly string[]): string | undefined {
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
