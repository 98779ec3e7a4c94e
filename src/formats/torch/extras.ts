import { isMap } from '../../realms.js';
import { type PickleValue, textOf } from '../pickle/values.js';
import { toFloat64 } from '../tensor.js';
import type { materialiser } from './materialise.js';
import { TorchTensor } from './objects.js';

/** A plain value that stands beside the tensors, such as an epoch, or the names of classes. */
export type TorchExtra = number | string | boolean | readonly string[] | readonly number[];

/** Items of a list that is kept. */
const MOST_ITEMS = 100_000;

/**
 * Plain values among the entries beside a state dict: numbers, text, booleans; lists of text or of numbers; and
 * one-dimensional tensors as numbers. A dict of text to the numbers 0 … n−1, such as torchvision's `class_to_idx`, is
 * the list of its keys in that order. The rest is left out.
 */
export function extrasOf(
  others: ReadonlyMap<string, PickleValue>,
  materialise: ReturnType<typeof materialiser>,
): Map<string, TorchExtra> {
  const extras = new Map<string, TorchExtra>();
  for (const [name, value] of others) {
    const extra = value instanceof TorchTensor ? numbersOf(value, materialise) : plain(value);
    if (extra !== undefined) extras.set(name, extra);
  }
  return extras;
}

function plain(value: PickleValue): TorchExtra | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return listOf(value);
  return isMap(value) ? orderedKeys(value) : textOf(value);
}

function listOf(items: readonly PickleValue[]): readonly string[] | readonly number[] | undefined {
  if (items.length === 0 || items.length > MOST_ITEMS) return undefined;
  const texts = items.flatMap((item) => textOf(item) ?? []);
  if (texts.length === items.length) return texts;
  const numbers = items.flatMap((item) => (typeof item === 'number' ? item : []));
  return numbers.length === items.length ? numbers : undefined;
}

function orderedKeys(dict: ReadonlyMap<PickleValue, PickleValue>): readonly string[] | undefined {
  if (dict.size === 0 || dict.size > MOST_ITEMS) return undefined;
  const names = new Array<string | undefined>(dict.size).fill(undefined);
  for (const [key, value] of dict) {
    // Some write the names under their numbers instead.
    const [name, index] = typeof key === 'number' ? [textOf(value), key] : [textOf(key), value];
    if (name === undefined || typeof index !== 'number' || !(index in names) || names[index] !== undefined)
      return undefined;
    names[index] = name;
  }
  return names.flatMap((name) => name ?? []);
}

/** A tensor of one element as a number, such as an accuracy saved as a tensor; a short vector as a list. */
function numbersOf(
  tensor: TorchTensor,
  materialise: ReturnType<typeof materialiser>,
): number | readonly number[] | undefined {
  const { shape } = tensor.view;
  const isOne = shape.every((size) => size === 1);
  if (!isOne && (shape.length !== 1 || shape[0] === 0 || shape[0]! > MOST_ITEMS)) return undefined;
  const values = toFloat64(materialise('beside the state dict', tensor));
  return isOne ? values[0] : [...values];
}
