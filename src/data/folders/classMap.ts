import { readFileSync } from 'node:fs';
import { errorMessage, UserError } from '../../errors.js';

/** Class numbers of folders, for sets that hold some of a model's classes. */
export interface ClassMap {
  /** Where it came from, for messages. */
  readonly path: string;
  /** Class number of each folder. */
  readonly labels: ReadonlyMap<string, number>;
  /** Names of classes, where they are given. */
  readonly names: ReadonlyMap<number, string>;
}

/** A folder, its class number and its name if that is given. */
type Entry = readonly [folder: string, label: number, name?: string];

/** More classes than anyone has; a greater number is a mistake, and would cost memory. */
const MOST_CLASSES = 1_000_000;

/**
 * Reads a class map: JSON `{"n01440764": 0, …}`, Keras's `imagenet_class_index.json`
 * (`{"0": ["n01440764", "tench"], …}`), or lines of a folder and a number.
 *
 * @throws UserError when the file is none of these, or has a folder twice
 */
export function readClassMap(path: string): ClassMap {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`the class map ${path} cannot be read: ${errorMessage(error)}`);
  }
  return parseClassMap(text, path);
}

/** As {@link readClassMap}, from the file's text. */
export function parseClassMap(text: string, path: string): ClassMap {
  const labels = new Map<string, number>();
  const names = new Map<number, string>();
  for (const [folder, label, name] of text.trimStart().startsWith('{')
    ? jsonEntries(text, path)
    : lineEntries(text, path)) {
    if (!Number.isInteger(label) || label < 0 || label >= MOST_CLASSES)
      throw new UserError(`${path}: the class number of ${folder} must be 0 or more, not ${label}`);
    if (labels.has(folder)) throw new UserError(`${path} has the folder ${folder} twice`);
    labels.set(folder, label);
    if (name !== undefined) names.set(label, name);
  }
  if (labels.size === 0) throw new UserError(`${path} is empty: expected folder names and class numbers`);
  return { path, labels, names };
}

function jsonEntries(text: string, path: string): Entry[] {
  let parsed: object;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${path} is no class map: ${errorMessage(error)}`);
  }
  return Object.entries(parsed).map(([key, value]): Entry => {
    if (typeof value === 'number') return [key, value];
    if (Array.isArray(value) && typeof value[0] === 'string')
      return [value[0], Number(key), typeof value[1] === 'string' ? value[1] : value[0]];
    throw new UserError(
      `${path} is no class map: expected a number or [folder, name] at "${key}", found ${JSON.stringify(value)}`,
    );
  });
}

function lineEntries(text: string, path: string): Entry[] {
  return text
    .split(/\r?\n/)
    .map((line, i) => [line.trim(), i + 1] as const)
    .filter(([line]) => line !== '' && !line.startsWith('#'))
    .map(([line, number]): Entry => {
      const match = /^(.*\S)[\s,]+(\d+)$/.exec(line);
      if (!match)
        throw new UserError(`${path}, line ${number}: expected a folder and a class number, found "${line}"`);
      return [match[1]!, Number(match[2])];
    });
}
