import { errorMessage, UserError } from '../../errors.js';
import { linesOf, readTextFile } from './textFile.js';

/** Class numbers of folders, for data sets with some of a model's classes. */
export interface ClassMap {
  /** Where it came from, for messages. */
  readonly path: string;
  /** Class number of each folder, whose name is in Unicode's composed form (NFC). */
  readonly labels: ReadonlyMap<string, number>;
  /** Names of classes, if given. */
  readonly names: ReadonlyMap<number, string>;
}

/** A folder, its class number and its name if that is given. */
type Entry = readonly [folder: string, label: number, name?: string];

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

/** What is to be said of entries of a class map that are no folder: one sentence, or none. */
export function unmatchedClassNotes(map: ClassMap | undefined, folders: readonly string[]): string[] {
  if (!map) return [];
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
  for (const [name, label, title] of text.trimStart().startsWith('{')
    ? jsonEntries(text, path)
    : lineEntries(text, path)) {
    const folder = name.normalize('NFC');
    if (!Number.isInteger(label) || label < 0 || label >= MOST_CLASSES)
      throw new UserError(`${path}: the class number of ${folder} must be 0 or more, not ${label}`);
    if (labels.has(folder)) throw new UserError(`${path} has the folder ${folder} twice`);
    labels.set(folder, label);
    if (title !== undefined) names.set(label, title);
  }
  if (labels.size === 0) throw new UserError(`${path} is empty: expected folder names and class numbers`);
  return { path, labels, names };
}

function jsonEntries(text: string, path: string): Entry[] {
  let parsed: object;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${path} is not a class map: ${errorMessage(error)}`);
  }
  return Object.entries(parsed).map(([key, value]): Entry => {
    if (typeof value === 'number') return [key, value];
    if (Array.isArray(value) && typeof value[0] === 'string')
      return [value[0], Number(key), typeof value[1] === 'string' ? value[1] : value[0]];
    throw new UserError(
      `${path} is not a class map: expected a number or [folder, name] at "${key}", found ${JSON.stringify(value)}`,
    );
  });
}

function lineEntries(text: string, path: string): Entry[] {
  return linesOf(text).flatMap(({ line, number }, i): Entry[] => {
    const entry = csvEntry(fieldsOf(line)) ?? spacedEntry(line);
    if (entry) return [entry];
    // The first line of a CSV names its columns.
    if (i === 0 && fieldsOf(line).length > 1) return [];
    throw new UserError(`${path}, line ${number}: expected a folder and a class number, found "${line}"`);
  });
}

const isDigits = (text: string | undefined): text is string => text !== undefined && /^\d+$/.test(text);

/** Folder and number, or number and folder; a third field is the class's name. */
function csvEntry([first, second, third]: readonly string[]): Entry | undefined {
  const named = (folder: string, label: string): Entry =>
    third ? [folder, Number(label), third] : [folder, Number(label)];
  if (first && isDigits(second)) return named(first, second);
  return second && isDigits(first) ? named(second, first) : undefined;
}

/** The folder, with or without quotes, blanks, and the number. */
function spacedEntry(line: string): Entry | undefined {
  const match = /^(?:"(.+)"|'(.+)'|(.*\S))[\s,;]+"?(\d+)"?$/.exec(line);
  return match ? [(match[1] ?? match[2] ?? match[3])!, Number(match[4])] : undefined;
}

/** The fields of a line of CSV, whose separator is a comma, semicolon or tab; a quoted field may contain it. */
function fieldsOf(line: string): string[] {
  const fields = line.match(/(?:^|[,;\t])(?:\s*"(?:[^"]|"")*"\s*|[^,;\t]*)/g) ?? [];
  return fields.map((field) => {
    const text = field.replace(/^[,;\t]/, '').trim();
    return /^".*"$/.test(text) ? text.slice(1, -1).replaceAll('""', '"') : text;
  });
}
