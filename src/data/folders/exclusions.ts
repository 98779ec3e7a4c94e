import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, parse, resolve, sep } from 'node:path';
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
  const listings: Listings = new Map();
  for (const { line } of linesOf(text)) {
    const path = pathOfEntry(line, folders, listings);
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

/** Whether a line of an exclusion list can name a file: not one whose name has a line break. */
export function canBeListed(path: string): boolean {
  return !/[\r\n]/.test(path);
}

/**
 * The line of an exclusion list that names a file.
 *
 * @param path relative to the data folder, or absolute
 * @throws UserError when no line can name it
 */
export function exclusionLine(path: string): string {
  if (!canBeListed(path))
    throw new UserError(`${JSON.stringify(path)} cannot be on an exclusion list: its name has a line break`);
  // Blanks and quotes around it would be taken off, and # would start a comment.
  return /^[\s"'#]|[\s"']$/.test(path) ? `"${path}"` : path;
}

/** Lines of an exclusion list that name files. @throws UserError as {@link exclusionLine} */
export function exclusionLines(paths: Iterable<string>): string {
  return [...paths].map((path) => `${exclusionLine(path)}\n`).join('');
}

/** Names in folders by their composed form (NFC), each folder read once. */
type Listings = Map<string, ReadonlyMap<string, string>>;

/**
 * The file or folder that a line of an exclusion list names; its possible readings are tried in turn.
 *
 * @param folders as those of {@link readExclusions}
 * @param listings keeps what is read of folders, for further entries
 * @returns undefined when there is none
 */
export function pathOfEntry(
  entry: string,
  folders: readonly string[],
  listings: Listings = new Map(),
): string | undefined {
  const plain = unquoted(entry);
  const withoutNote = unquoted(plain.replace(/\s+#.*$/, ''));
  const readings = [plain, withoutNote].flatMap((text) => [text, text.replaceAll('\\', '/')]);
  for (const folder of folders)
    for (const reading of new Set(readings)) {
      const found = pathOnDisk(resolve(folder, reading), listings);
      if (found !== undefined) return found;
    }
  return undefined;
}

/**
 * A path as its folders list it, in whose names parts may be composed and others not. A name that is not UTF-8 is listed, too, though
 * there seems to be no file of it.
 */
function pathOnDisk(path: string, listings: Listings): string | undefined {
  if (existsSync(path)) return path;
  const { root } = parse(path);
  let found = root;
  for (const name of path.slice(root.length).split(sep)) {
    const next = join(found, name);
    const listed = existsSync(next) ? name : namesIn(found, listings).get(name.normalize('NFC'));
    if (listed === undefined) return undefined;
    found = join(found, listed);
  }
  return found;
}

function namesIn(folder: string, listings: Listings): ReadonlyMap<string, string> {
  const known = listings.get(folder);
  if (known) return known;
  const names = new Map(listed(folder).map((name) => [name.normalize('NFC'), name]));
  listings.set(folder, names);
  return names;
}

/** None if it is not a folder, or cannot be read. */
function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function unquoted(text: string): string {
  const match = /^(["'])(.*)\1$/.exec(text.trim());
  return match ? match[2]! : text.trim();
}
