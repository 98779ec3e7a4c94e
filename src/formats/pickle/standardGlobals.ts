import { isMap, isSet, isUint8Array } from '../../realms.js';
import {
  type CallContext,
  globalsTable,
  naturalItems,
  PickleFault,
  PickleGlobal,
  type PickleGlobals,
  PickleTuple,
  type PickleValue,
  textOf,
} from './values.js';

function listOf(value: PickleValue | undefined, what: string): readonly PickleValue[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  if (value instanceof PickleTuple) return value.items;
  if (isSet(value)) return [...value];
  throw new PickleFault(`makes a ${what} of something that is not a list`);
}

/** `dict(pairs)`: Python 2 pickles an OrderedDict as a call with its items. */
function dictOf(value: PickleValue | undefined, { key: keyOf }: CallContext): Map<PickleValue, PickleValue> {
  if (isMap(value)) return new Map(value);
  return new Map(
    listOf(value, 'dict').map((pair): [PickleValue, PickleValue] => {
      const [key, item, ...others] = listOf(pair, 'pair');
      if (key === undefined || item === undefined || others.length > 0)
        throw new PickleFault('makes a dict of something that is not pairs');
      return [keyOf(key), item];
    }),
  );
}

/** `_codecs.encode(text, 'latin1')`: how Python 3 writes bytes in protocols 0 to 2. */
function encode([text, encoding]: readonly PickleValue[]): Uint8Array {
  const name = textOf(encoding);
  if (typeof text !== 'string' || (name !== 'latin1' && name !== 'latin-1'))
    throw new PickleFault('calls _codecs.encode with something other than text and latin1');
  if (/[^\0-\xff]/.test(text)) throw new PickleFault('has a character in bytes that is not Latin-1');
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** `bytes()`: how Python 3 writes empty bytes in protocols 0 to 2. */
function emptyBytes(args: readonly PickleValue[]): Uint8Array {
  if (args.length > 0) throw new PickleFault('calls bytes with arguments');
  return new Uint8Array(0);
}

/** `bytearray(bytes)` or `bytearray(text, 'latin-1')`. */
function bytearray(args: readonly PickleValue[]): Uint8Array {
  const [source = new Uint8Array(0)] = args;
  return isUint8Array(source) ? source : encode(args);
}

const modules = ['builtins', '__builtin__'];

/** Containers and plain types of Python's own library. Types that are only named, as in `defaultdict(list)`, cannot be called. */
export const standardGlobals: PickleGlobals = globalsTable([
  new PickleGlobal('collections.OrderedDict', ([items], context) => dictOf(items, context)),
  new PickleGlobal('collections.defaultdict', ([, items], context) => dictOf(items, context)),
  new PickleGlobal('collections.Counter', ([items], context) => dictOf(items, context)),
  new PickleGlobal('_codecs.encode', encode),
  ...modules.flatMap((module) => [
    new PickleGlobal(`${module}.set`, ([items]) => new Set(listOf(items, 'set'))),
    new PickleGlobal(`${module}.frozenset`, ([items]) => new Set(listOf(items, 'frozenset'))),
    new PickleGlobal(`${module}.list`, ([items]) => [...listOf(items, 'list')]),
    new PickleGlobal(`${module}.dict`, ([items], context) => dictOf(items, context)),
    new PickleGlobal(`${module}.bytearray`, bytearray),
    new PickleGlobal(`${module}.bytes`, emptyBytes),
    ...['int', 'float', 'bool', 'str', 'tuple'].map((name) => new PickleGlobal(`${module}.${name}`)),
  ]),
  // A torch.Size is a tuple of sizes.
  new PickleGlobal('torch.Size', ([sizes]) => new PickleTuple(naturalItems(sizes, 'a torch.Size'))),
]);
