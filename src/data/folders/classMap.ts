import { errorMessage, UserError } from '../../errors.js';
import { someItems } from '../../formats/someItems.js';
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

/** Folders or numbers that a notice lists. */
const MOST_LISTED = 5;

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

/**
 * What is to be said of a class map: how it was read where that is uncertain, folders that become one class, and
 * entries that are no folder.
 */
export function classMapNotes(map: ClassMap | undefined, folders: readonly string[]): string[] {
  if (!map) return [];
  const uncertain = map.note === undefined ? [] : [map.note];
  return [...uncertain, ...mergedNotes(map, folders), ...unmatchedNotes(map, folders)];
}

/** What is to be said of numbers below the greatest that a class map leaves out: a model has a class for each. */
export function classGapNotes(map: ClassMap | undefined): string[] {
  if (!map) return [];
  const given = new Set(map.labels.values());
  const gaps: number[] = [];
  for (let number = 0; number < classCountOf(map); number++) if (!given.has(number)) gaps.push(number);
  if (gaps.length === 0) return [];
  const which = gaps.length === 1 ? `the number ${gaps[0]}` : `the numbers ${listed(gaps.map(String))}`;
  const becomes = gaps.length === 1 ? 'which becomes a class' : 'which become classes';
  return [
    `the class map ${map.path} gives no folder ${which}, ${becomes} without images: numbers begin at 0 and have no gaps`,
  ];
}

/** Number of classes of a class map: one more than its greatest number. */
export function classCountOf({ labels }: ClassMap): number {
  return [...labels.values()].reduce((a, b) => Math.max(a, b)) + 1;
}

/** Names of the classes with the numbers 0 to `count` − 1: that of the map, the last folder's, or `class N`. */
export function classMapNames({ labels, names }: ClassMap, count: number): string[] {
  const folders = new Map([...labels].map(([folder, label]) => [label, folder]));
  return Array.from({ length: count }, (_, i) => names.get(i) ?? folders.get(i) ?? `class ${i}`);
}

function mergedNotes(map: ClassMap, folders: readonly string[]): string[] {
  const foldersOf = new Map<number, string[]>();
  for (const folder of new Set(folders)) {
    const label = map.labels.get(folder);
    if (label === undefined) continue;
    const others = foldersOf.get(label);
    if (others) others.push(folder);
    else foldersOf.set(label, [folder]);
  }
  const merged = [...foldersOf].filter(([, those]) => those.length > 1);
  if (merged.length === 0) return [];
  const [number, those] = merged[0]!;
  const example = `${number} to ${listed(those)}`;
  if (merged.length === 1) {
    const name = classMapNames(map, classCountOf(map))[number];
    return [`the class map ${map.path} gives ${example}, which become one class, ${name}`];
  }
  return [
    `the class map ${map.path} gives ${merged.length} numbers to several folders each, which become one class, such as ${example}`,
  ];
}

/** Items of a sentence, at most {@link MOST_LISTED} of them and the number of the others. */
function listed(items: readonly string[]): string {
  const shown = someItems(items, MOST_LISTED);
  return shown.length === 1 ? shown[0]! : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
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
