import { type PickleResult, readPickle } from '../pickle/readPickle.js';
import {
  describeValue,
  natural,
  PickleFault,
  type PickleValue,
  textOf,
  tupleItems,
} from '../pickle/values.js';
import { quoted } from '../quote.js';
import { bytesOf, DTYPE_BYTES } from '../tensor.js';
import { torchGlobals } from './globals.js';
import { StorageClass, TorchStorage } from './objects.js';
import type { TorchSource } from './source.js';

/** First object of a file. */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;

/**
 * Opens a checkpoint of PyTorch 0.1.10 to 1.5 (or of `_use_new_zipfile_serialization=False`): five
 * pickles — a number to know it by, the version, facts of the machine, the object, the keys of storages in
 * order — and then each storage's number of elements and bytes.
 *
 * @throws UserError or PickleFault when it is not such
 */
export function openLegacyCheckpoint(file: Uint8Array, fileName: string): TorchSource {
  const bytes = bytesOf(file);
  const storages = new Map<string, TorchStorage>();
  let position = 0;
  const next = (persistentLoad?: (id: PickleValue) => PickleValue): PickleValue => {
    const found: PickleResult = readPickle(bytes, {
      fileName,
      globals: torchGlobals,
      persistentLoad,
      start: position,
    });
    position = found.end;
    return found.value;
  };
  if (next() !== MAGIC) throw new PickleFault('is a pickle, but no PyTorch checkpoint');
  const version = next();
  if (version !== PROTOCOL)
    throw new PickleFault(`has the version ${describeValue(version)}, not ${PROTOCOL}`);
  checkMachine(next());
  const root = next((id) => loadStorage(id, storages));
  const keys = storageKeys(next());
  const contents = readStorages(bytes, position, keys, storages);
  const contentsOf = ({ key }: TorchStorage): Uint8Array => {
    const data = contents.get(key);
    if (!data) throw new PickleFault(`lacks the storage ${quoted(key)}`);
    return data;
  };
  return { root, bytesOf: contentsOf };
}

function checkMachine(info: PickleValue): void {
  if (info instanceof Map && info.get('little_endian') === false)
    throw new PickleFault('was written in big-endian order, but only little-endian files can be read');
}

/** Reads `('storage', class, key, location, number of elements, view)`; a view is (key, offset, number of elements) or None. */
function loadStorage(id: PickleValue, storages: Map<string, TorchStorage>): TorchStorage {
  const [tag, storageClass, keyValue, , numel, view = null] = tupleItems(id, 'a reference to a storage');
  const key = textOf(keyValue);
  if (textOf(tag) !== 'storage' || key === undefined || !(storageClass instanceof StorageClass))
    throw new PickleFault(
      `refers to ${describeValue(tag)} of ${describeValue(storageClass)}, not to a storage`,
    );
  const total = natural(numel, 'the size of a storage');
  const storage = new TorchStorage(key, storageClass.dtype, total, partOf(view, total));
  const known = storages.get(key);
  if (known && (known.dtype !== storage.dtype || known.total !== total))
    throw new PickleFault(`gives the storage ${quoted(key)} two types or sizes`);
  if (!known) storages.set(key, storage);
  return storage;
}

function partOf(view: PickleValue, total: number): { offset: number; count: number } {
  if (view === null) return { offset: 0, count: total };
  const [, offsetValue, countValue] = tupleItems(view, 'a view of a storage');
  const offset = natural(offsetValue, 'the offset of a storage');
  const count = natural(countValue, 'the size of a storage');
  if (offset + count > total)
    throw new PickleFault(`has a view of ${count} elements from ${offset} in a storage of ${total}`);
  return { offset, count };
}

function storageKeys(value: PickleValue): string[] {
  if (!Array.isArray(value))
    throw new PickleFault(`has ${describeValue(value)}, where the keys of storages must be`);
  const keys = value.map((item) => {
    const key = textOf(item);
    if (key === undefined) throw new PickleFault(`has ${describeValue(item)} as the key of a storage`);
    return key;
  });
  if (new Set(keys).size !== keys.length) throw new PickleFault('lists a storage twice');
  return keys;
}

/** Cuts the rest of the file into storages, which must fill it. */
function readStorages(
  bytes: Uint8Array,
  start: number,
  keys: readonly string[],
  storages: ReadonlyMap<string, TorchStorage>,
): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const contents = new Map<string, Uint8Array>();
  let at = start;
  for (const key of keys) {
    const storage = storages.get(key);
    if (!storage) throw new PickleFault(`has the storage ${quoted(key)}, which no tensor refers to`);
    if (at + 8 > bytes.length) throw new PickleFault(`is truncated before the storage ${quoted(key)}`);
    const count = view.getBigUint64(at, true);
    if (count !== BigInt(storage.total))
      throw new PickleFault(
        `has ${count} elements in the storage ${quoted(key)}, where ${storage.total} must be`,
      );
    const end = at + 8 + storage.total * DTYPE_BYTES[storage.dtype];
    if (end > bytes.length) throw new PickleFault(`is truncated in the storage ${quoted(key)}`);
    contents.set(key, bytes.subarray(at + 8, end));
    at = end;
  }
  if (at !== bytes.length) throw new PickleFault(`has ${bytes.length - at} bytes after its last storage`);
  return contents;
}
