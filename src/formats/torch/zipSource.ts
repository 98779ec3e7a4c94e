import { readPickle } from '../pickle/readPickle.js';
import {
  describeValue,
  natural,
  PickleFault,
  type PickleValue,
  textOf,
  tupleItems,
} from '../pickle/values.js';
import { quoted } from '../quote.js';
import { DTYPE_BYTES } from '../tensor.js';
import { StoredZip } from '../zip/readZip.js';
import { torchGlobals } from './globals.js';
import { StorageClass, TorchStorage } from './objects.js';
import type { TorchSource } from './source.js';

/**
 * Opens a checkpoint of PyTorch 1.6 or later: a ZIP file with one folder, which has the object as
 * `data.pkl` and each storage as `data/KEY`.
 *
 * @throws UserError or PickleFault when it is not such
 */
export function openZipCheckpoint(bytes: Uint8Array, fileName: string): TorchSource {
  const zip = new StoredZip(bytes, fileName);
  const folder = findFolder(zip.names);
  const order = zip.read(`${folder}byteorder`);
  if (order && textOf(order) !== 'little')
    throw new PickleFault(
      `is in ${quoted(textOf(order) ?? '')} byte order, but only little-endian files can be read`,
    );
  const pickle = zip.read(`${folder}data.pkl`);
  if (!pickle) throw new PickleFault('has no data.pkl');
  const { value } = readPickle(pickle, { fileName, globals: torchGlobals, persistentLoad: loadStorage });
  const verified = new Map<string, Uint8Array>();
  const bytesOf = (storage: TorchStorage): Uint8Array => {
    const data = verified.get(storage.key) ?? zip.read(`${folder}data/${storage.key}`);
    if (!data) throw new PickleFault(`lacks the storage ${quoted(storage.key)}`);
    verified.set(storage.key, data);
    if (data.length !== storage.total * DTYPE_BYTES[storage.dtype])
      throw new PickleFault(
        `has ${data.length} bytes in the storage ${quoted(storage.key)}, where ${storage.total} elements of ${storage.dtype} must be`,
      );
    return data;
  };
  return { root: value, bytesOf };
}

/** The folder of the archive, with a slash at its end. */
function findFolder(names: readonly string[]): string {
  const folders = names.flatMap((name) => /^([^/]*\/)data\.pkl$/.exec(name)?.[1] ?? []);
  const [folder, ...others] = folders;
  if (folder === undefined || others.length > 0)
    throw new PickleFault(
      'is a ZIP file, but no PyTorch checkpoint: one folder with a data.pkl must be in it',
    );
  if (names.includes(`${folder}constants.pkl`))
    throw new PickleFault('is a TorchScript program, not a checkpoint: save the state_dict of its model');
  return folder;
}

/** Reads `('storage', class, key, location, number of elements)`. */
function loadStorage(id: PickleValue): TorchStorage {
  const [tag, storageClass, keyValue, , numel] = tupleItems(id, 'a reference to a storage');
  const key = textOf(keyValue);
  if (textOf(tag) !== 'storage' || key === undefined || !(storageClass instanceof StorageClass))
    throw new PickleFault(
      `refers to ${describeValue(tag)} of ${describeValue(storageClass)}, not to a storage`,
    );
  const count = natural(numel, 'the size of a storage');
  return new TorchStorage(key, storageClass.dtype, count, { offset: 0, count });
}
