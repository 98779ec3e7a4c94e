import { UserError } from '../../errors.js';
import { NumpyArray, parsePickleWithNumpy } from '../../formats/pickle/numpy.js';
import { type PickleValue, textOf } from '../../formats/pickle/values.js';
import { isMap } from '../../realms.js';
import { type CifarPart, IMAGE_BYTES } from './binary.js';
import type { CifarFacts } from './facts.js';

/**
 * A file of torchvision's Python layout: a pickled dict with `data`, uint8 [count, 3·32·32], and a list
 * of labels. No code in the pickle is run.
 *
 * @throws UserError when it is another pickle or not a pickle
 */
export function readPythonPart(facts: CifarFacts, bytes: Uint8Array, path: string): CifarPart {
  const dictionary = readDictionary(facts, bytes, path);
  const data = dictionary.get('data');
  const labels = dictionary.get(facts.labelKey);
  if (!(data instanceof NumpyArray) || data.dtype !== 'u8' || data.shape[1] !== IMAGE_BYTES)
    throw foreign(facts, path, `'data' of uint8 [count, ${IMAGE_BYTES}]`);
  const [count] = data.shape;
  if (!Array.isArray(labels) || labels.length !== count || !labels.every(Number.isInteger))
    throw foreign(facts, path, `'${facts.labelKey}', a list of ${count} class numbers`);
  return { labels: Int32Array.from(labels, Number), copyPixels: (out) => out.set(data.data) };
}

/**
 * Names of the classes, from the pickled dict that the layout has for them.
 *
 * @throws UserError when it is another pickle or not a pickle
 */
export function readPythonNames(facts: CifarFacts, bytes: Uint8Array, path: string): string[] {
  const names = readDictionary(facts, bytes, path).get(facts.namesKey);
  if (!Array.isArray(names)) throw foreign(facts, path, `'${facts.namesKey}', a list of names`);
  return names.map((name) => textOf(name) ?? '');
}

function readDictionary(facts: CifarFacts, bytes: Uint8Array, path: string): Map<PickleValue, PickleValue> {
  const value = parsePickleWithNumpy(bytes, path);
  if (!isMap(value)) throw foreign(facts, path, 'a dict');
  return value;
}

function foreign(facts: CifarFacts, path: string, expected: string): UserError {
  return new UserError(`${path} is not in the Python layout of ${facts.title}: expected ${expected}`);
}
