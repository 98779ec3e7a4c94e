import { errorMessage, UserError } from '../../errors.js';
import { type ClassMapEntry, lineEntries } from './classMapLines.js';
import { readTextFile } from './textFile.js';

/** Class numbers of folders, for data sets with some of a model's classes. */
export interface ClassMap {
  /** Where it came from, for messages. */
  readonly path: string;
  /** Class number of each folder, whose name is in Unicode's composed form (NFC). */
  readonly labels: ReadonlyMap<string, number>;
  /** Names of classes, if given. */
  readonly names: ReadonlyMap<number, string>;
  /** What is uncertain about it, in a sentence. */
  readonly note?: string | undefined;
}

/** More classes than anyone has; a larger number is a mistake and would cost memory. */
const MOST_CLASSES = 1_000_000;

/**
 * Reads a class map: JSON `{"n01440764": 0, …}`, Keras's `imagenet_class_index.json`
 * (`{"0": ["n01440764", "tench"], …}`), CSV, or lines of a folder and a number.
 *
 * @throws UserError when the file is in none of these formats, or has a folder twice
 */
export function readClassMap(path: string): ClassMap {
  let text: string;
  try {
    text = readTextFile(path);
  } catch (error) {
    throw new UserError(`the class map ${path} cannot be read: ${errorMessage(error)}`);
  }
  return parseClassMap(text, path);
}

/** What is to be said of a class map: how it was read where that is uncertain, and that entries are no folder. */
export function classMapNotes(map: ClassMap | undefined, folders: readonly string[]): string[] {
  return map ? [...(map.note === undefined ? [] : [map.note]), ...unmatchedNotes(map, folders)] : [];
}

function unmatchedNotes(map: ClassMap, folders: readonly string[]): string[] {
  const found = new Set(folders);
  const unmatched = [...map.labels.keys()].filter((folder) => !found.has(folder));
  if (unmatched.length === 0) return [];
  const which = unmatched.length === 1 ? 'an entry that matches' : `${unmatched.length} entries that match`;
  return [`the class map ${map.path} has ${which} no folder, such as ${unmatched[0]}`];
}

/** As {@link readClassMap}, from the file's text. */
export function parseClassMap(text: string, path: string): ClassMap {
  const labels = new Map<string, number>();
  const names = new Map<number, string>();
  const { entries, note } = text.trimStart().startsWith('{')
    ? { entries: jsonEntries(text, path), note: undefined }
    : lineEntries(text, path);
  for (const [name, label, title] of entries) {
    const folder = name.normalize('NFC');
    if (!Number.isInteger(label) || label < 0 || label >= MOST_CLASSES)
      throw new UserError(`${path}: the class number of ${folder} must be 0 or more, not ${label}`);
    if (labels.has(folder)) throw new UserError(`${path} has the folder ${folder} twice`);
    labels.set(folder, label);
    if (title !== undefined) names.set(label, title);
  }
  if (labels.size === 0) throw new UserError(`${path} is empty: expected folder names and class numbers`);
  return { path, labels, names, note };
}

function jsonEntries(text: string, path: string): ClassMapEntry[] {
  let parsed: object;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${path} is not a class map: ${errorMessage(error)}`);
  }
  return Object.entries(parsed).map(([key, value]): ClassMapEntry => {
    if (typeof value === 'number') return [key, value];
    if (Array.isArray(value) && typeof value[0] === 'string')
      return [value[0], Number(key), typeof value[1] === 'string' ? value[1] : value[0]];
    throw new UserError(
      `${path} is not a class map: expected a number or [folder, name] at "${key}", found ${JSON.stringify(value)}`,
    );
  });
}
