import { isMap } from '../../realms.js';
import { type PickleResult, readPickle } from '../pickle/readPickle.js';
import {
  describeValue,
  InertGlobal,
  natural,
  PickleFault,
  PickleLimit,
  type PickleObject,
  type PickleValue,
  textOf,
  tupleItems,
} from '../pickle/values.js';
import { quoted } from '../quote.js';
import { bytesOf, DTYPE_BYTES } from '../tensor.js';
import { torchGlobals } from './globals.js';
import { TorchStorage } from './objects.js';
import { referenceItems, storageReference, type TorchSource } from './source.js';

/** First object of a file. */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;

/** How the file begins in pickle's protocols 0 and 1. */
const TEXT_BEGIN = new TextEncoder().encode(`L${MAGIC}L\n.`);

/** First byte of a pickle of protocol 2 or later. */
const PROTO = 0x80;

/** Whether a file starts like a pickle, and not like one of safetensors, whose header of less than 2⁵⁶ bytes is JSON. */
export function isLegacyCheckpoint(bytes: Uint8Array): boolean {
  if (bytes[0] === PROTO) return !(bytes[7] === 0 && bytes[8] === '{'.charCodeAt(0));
  return TEXT_BEGIN.every((byte, i) => bytes[i] === byte);
}

/**
 * Opens a checkpoint of PyTorch 0.1.10 to 1.5 (or of `_use_new_zipfile_serialization=False`): five
 * pickles — a magic number, the version, facts about the machine, the object, the keys of storages in
 * order — and then each storage's number of elements and bytes.
 *
 * @throws UserError or PickleFault when it is not such
 */
export function openLegacyCheckpoint(file: Uint8Array, fileName: string): TorchSource {
  const bytes = bytesOf(file);
  const storages: Storages = { read: new Map(), passed: new Map() };
  let position = 0;
  const next = (persistentLoad?: (id: PickleValue) => PickleValue): PickleValue => {
    const found: PickleResult = readPickle(bytes, {
      fileName,
      globals: torchGlobals,
      // Only the checkpoint's own object may refer to what is not known.
      unknown: persistentLoad ? 'placeholder' : 'refuse',
      persistentLoad,
      start: position,
    });
    position = found.end;
    return found.value;
  };
  if (next() !== MAGIC) throw new PickleFault('is a pickle, but not a PyTorch checkpoint');
  const version = next();
  if (version !== PROTOCOL)
    throw new PickleFault(`has the version ${describeValue(version)}, not ${PROTOCOL}`);
  checkMachine(next());
  const root = next((id) => loadReference(id, storages));
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
  if (isMap(info) && info.get('little_endian') === false)
    throw new PickleFault('was written in big-endian order, but only little-endian files can be read');
}

/** Bytes of an element in storages that are not read, but have to be passed. */
const PASSED_BYTES: ReadonlyMap<string, number> = new Map([
  ['torch.ComplexFloatStorage', 8],
  ['torch.ComplexDoubleStorage', 16],
  ['torch.QInt8Storage', 1],
  ['torch.QUInt8Storage', 1],
  ['torch.QInt32Storage', 4],
]);

/** The storages that the object refers to, by key. */
interface Storages {
  readonly read: Map<string, TorchStorage>;
  /** Elements and bytes of storages that are not read. */
  readonly passed: Map<string, { readonly total: number; readonly bytes: number }>;
}

/** Reads `('storage', class, key, location, number of elements, view)`; a view is (key, offset, number of elements) or None. A class of modules comes as `('module', class, …)`. */
function loadReference(id: PickleValue, { read, passed }: Storages): PickleObject {
  const items = referenceItems(id);
  const [tag, named, keyValue, , numel, view = null] = items;
  if (textOf(tag) === 'module' && named instanceof InertGlobal) return named;
  const size = named instanceof InertGlobal ? PASSED_BYTES.get(named.name) : undefined;
  if (size !== undefined) {
    const total = natural(numel, 'the size of a storage');
    passed.set(textOf(keyValue) ?? '', { total, bytes: total * size });
  }
  const { dtype, key, count: total } = storageReference(items);
  const known = read.get(key);
  if (known && (known.dtype !== dtype || known.total !== total))
    throw new PickleLimit(`gives the storage ${quoted(key)} two types or sizes`);
  if (!known) read.set(key, new TorchStorage(key, dtype, total, { offset: 0, count: total }));
  return new TorchStorage(key, dtype, total, partOf(view, total));
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
    throw new PickleFault(`has ${describeValue(value)}, where the keys of storages are expected`);
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
  { read, passed }: Storages,
): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const contents = new Map<string, Uint8Array>();
  let at = start;
  for (const key of keys) {
    const storage = read.get(key);
    const size = storage
      ? { total: storage.total, bytes: storage.total * DTYPE_BYTES[storage.dtype] }
      : passed.get(key);
    if (!size) throw new PickleFault(`has the storage ${quoted(key)}, which no tensor refers to`);
    if (at + 8 > bytes.length) throw new PickleFault(`is truncated before the storage ${quoted(key)}`);
    const count = view.getBigUint64(at, true);
    if (count !== BigInt(size.total))
      throw new PickleFault(
        `has ${count} elements in the storage ${quoted(key)}, where ${size.total} are expected`,
      );
    const end = at + 8 + size.bytes;
    if (end > bytes.length) throw new PickleFault(`is truncated in the storage ${quoted(key)}`);
    contents.set(key, bytes.subarray(at + 8, end));
    at = end;
  }
  if (at !== bytes.length) throw new PickleFault(`has ${bytes.length - at} bytes after its last storage`);
  return contents;
}
