import { readFileSync } from 'node:fs';
import type { Dataset } from '../data/dataset.js';
import { classMapNames, readClassMap } from '../data/folders/classMap.js';
import { errorMessage, SettingError, UsageError, UserError } from '../errors.js';
import type { Model } from '../models/model.js';
import { areNamed } from '../runs/classMapping.js';
import {
  describeWeights,
  type GivenDescription,
  type WeightsDescription,
} from '../runs/weightsDescription.js';
import type { WeightsFile } from '../train/weights.js';
import { flagOf } from './flagNames.js';
import { printNotice } from './output.js';

/** Flags for what a file of weights may not contain. */
export interface DescriptionFlags {
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly resizeSize?: number;
  readonly exif?: 'apply' | 'ignore';
  readonly classesFile?: string;
}

/**
 * Preprocessing and class names of a file's model; what was assumed is printed.
 *
 * @param more class names and preprocessing of the data, where they are known
 */
export function describeFile(
  weights: WeightsFile & { readonly path: string },
  model: Model,
  { mean, std, resizeSize, exif, classesFile }: DescriptionFlags,
  more: Pick<GivenDescription, 'classes' | 'data'> = {},
): WeightsDescription {
  const classes = classesFile === undefined ? more.classes : readClassesFile(classesFile);
  const given = { mean, std, resizeSize, exif, classes, data: more.data };
  const description = namingFlags(() => describeWeights(weights, model, given));
  if (weights.notice !== undefined) printNotice(weights.notice(flagOf));
  for (const notice of description.notices) printNotice(notice(flagOf));
  return description;
}

/** Runs something whose `classes` come from a file here. */
function namingFlags<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    throw error.named((key) => flagOf(key === 'classes' ? 'classesFile' : key));
  }
}

/**
 * Names of a model's classes as a class map gives them.
 *
 * @throws UsageError when the weights have the names themselves
 */
export function namesOfClassMap(path: string, { info }: WeightsFile, classes: number): string[] {
  if (info)
    throw new UsageError('--class-map is for weights without class names, but the checkpoint has them');
  const map = readClassMap(path);
  if (map.note !== undefined) printNotice(map.note);
  return classMapNames(map, classes);
}

/** Prints a notice if folders are numbered by their order alone, because the weights have no class names. */
export function noticeOrder(data: Dataset, names: readonly string[], path: string): void {
  if (areNamed(names) || data.kind !== 'images' || !areNamed(data.classes)) return;
  // Another number of folders is refused.
  if (data.classes.length !== names.length) return;
  printNotice(
    `${path} has no class names: the folders of ${data.name} are taken as its classes in sorted order (--classes-file, --class-map)`,
  );
}

/** Names of classes in order: a JSON list, or one per line. */
function readClassesFile(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    throw new UserError(`the list of classes ${path} cannot be read: ${errorMessage(error)}`);
  }
  const names = text.trimStart().startsWith('[') ? jsonNames(text, path) : lineNames(text);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new UserError(`the list of classes ${path} has ${twice} twice`);
  if (names.length === 0) throw new UserError(`the list of classes ${path} is empty`);
  return names;
}

function lineNames(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function jsonNames(text: string, path: string): string[] {
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list) && list.every((name): name is string => typeof name === 'string')) return list;
  } catch (error) {
    throw new UserError(`the list of classes ${path} is not JSON: ${errorMessage(error)}`);
  }
  throw new UserError(`the list of classes ${path} must be a list of names, or have a name on each line`);
}
