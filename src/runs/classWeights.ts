import type { Dataset } from '../data/dataset.js';
import { readTextFile } from '../data/folders/textFile.js';
import { errorMessage, UserError } from '../errors.js';
import { keyOf } from './classMapping.js';

/** The word that asks for weights by the classes' numbers of images. */
export const BALANCED = 'balanced';

/**
 * The factor of each class's images in the loss.
 *
 * @param choice `balanced`: n/(K·nₖ) for a class with nₖ of n images, as scikit-learn's, and 1 for a class without images; or a JSON
 *   file: a list with a number for each class, or an object of numbers by class name
 * @throws UserError when the file cannot be read, or does not have a number of at least 0 for each class
 */
export function classWeightsOf(
  choice: string | null,
  { classes, labels }: Pick<Dataset, 'classes' | 'labels'>,
): readonly number[] | undefined {
  if (choice === null) return undefined;
  return choice === BALANCED ? balancedWeights(labels, classes.length) : fileWeights(choice, classes);
}

/** Class weights of a run that is resumed. */
export interface ResumedWeights {
  /** The setting. */
  readonly choice: string | null;
  readonly classes: readonly string[];
  /** Those that the run had; undefined where its checkpoint does not say. */
  readonly before: readonly number[] | undefined;
  /** Those that it would have now. */
  readonly now: readonly number[] | undefined;
  /** Called where balanced weights have changed with the data. */
  readonly onNotice: (text: string) => void;
}

/**
 * Checks that a resumed run keeps the class weights of its file.
 *
 * @throws UserError when the file has changed
 */
export function expectSameWeights({ choice, classes, before, now, onNotice }: ResumedWeights): void {
  const changed = now?.findIndex((weight, i) => before !== undefined && weight !== before[i]) ?? -1;
  if (changed < 0) return;
  const change = `the weight of ${classes[changed]} was ${before![changed]} and is ${now![changed]}`;
  if (choice !== BALANCED)
    throw new UserError(
      `the class weights ${choice} have changed since the run started: ${change}; put them back, or train a new run`,
    );
  onNotice(`the balanced class weights have changed with the data: ${change}`);
}

function balancedWeights(labels: Int32Array, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]!++;
  return counts.map((count) => (count === 0 ? 1 : labels.length / (classes * count)));
}

function fileWeights(path: string, classes: readonly string[]): number[] {
  const found = readJson(path);
  const weights = Array.isArray(found) ? listed(found, path, classes) : named(found, path, classes);
  const wrong = weights.findIndex((weight) => !isWeight(weight));
  if (wrong >= 0)
    throw new UserError(
      `${path}: the weight of ${classes[wrong]} must be a number of at least 0, not ${JSON.stringify(weights[wrong])}`,
    );
  const numbers = weights.filter(isWeight);
  if (!numbers.some((weight) => weight > 0))
    throw new UserError(`${path}: the class weights must not all be 0`);
  return numbers;
}

const isWeight = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;

function readJson(path: string): unknown {
  try {
    return JSON.parse(readTextFile(path));
  } catch (error) {
    throw new UserError(`the class weights ${path} cannot be read: ${errorMessage(error)}`);
  }
}

function listed(found: readonly unknown[], path: string, classes: readonly string[]): readonly unknown[] {
  if (found.length !== classes.length)
    throw new UserError(
      `${path} has ${found.length} class weights, but the data has ${classes.length} classes`,
    );
  return found;
}

function named(found: unknown, path: string, classes: readonly string[]): readonly unknown[] {
  if (typeof found !== 'object' || found === null)
    throw new UserError(`${path} must be a JSON list of class weights, or an object of them by class name`);
  const weights = new Map<string, unknown>();
  for (const [key, weight] of Object.entries(found)) {
    const name = keyOf(key);
    if (weights.has(name)) throw new UserError(`${path} has two weights for the class ${name}`);
    weights.set(name, weight);
  }
  const missing = classes.find((name) => !weights.has(keyOf(name)));
  if (missing !== undefined) throw new UserError(`${path} has no weight for the class ${missing}`);
  const known = new Set(classes.map(keyOf));
  const unknown = [...weights.keys()].find((name) => !known.has(name));
  if (unknown !== undefined)
    throw new UserError(`${path} has a weight for ${unknown}, which is no class of the data`);
  return classes.map((name) => weights.get(keyOf(name)));
}
