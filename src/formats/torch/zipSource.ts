import { readPickle } from '../pickle/readPickle.js';
import { PickleFault, type PickleValue, textOf } from '../pickle/values.js';
import { quoted } from '../quote.js';
import { DTYPE_BYTES } from '../tensor.js';
import { StoredZip, zipNames } from '../zip/readZip.js';
import { torchGlobals } from './globals.js';
import { TorchStorage } from './objects.js';
import { referenceItems, storageReference, type TorchSource } from './source.js';

/**
 * Opens a checkpoint of PyTorch 1.6 or later: a ZIP file with one folder, which has the object as
 * `data.pkl` and each storage as `data/KEY`.
 *
 * @throws UserError or PickleFault when it is not such
 */
export function openZipCheckpoint(bytes: Uint8Array, fileName: string): TorchSource {
  // Programs have compressed entries, which are refused without a word on what they are.
  const folder = findFolder(zipNames(bytes, fileName));
  const zip = new StoredZip(bytes, fileName);
  const order = zip.read(`${folder}byteorder`);
  if (order && textOf(order) !== 'little')
    throw new PickleFault(
      `is in ${quoted(textOf(order) ?? '')} byte order, but only little-endian files can be read`,
    );
  const pickle = zip.read(`${folder}data.pkl`);
  if (!pickle) throw new PickleFault('has no data.pkl');
  const { value } = readPickle(pickle, {
    fileName,
    globals: torchGlobals,
    unknown: 'placeholder',
    persistentLoad: loadStorage,
  });
  const verified = new Map<string, Uint8Array>();
  const bytesOf = (storage: TorchStorage): Uint8Array => {
    const data = verified.get(storage.key) ?? zip.read(`${folder}data/${storage.key}`);
    if (!data) throw new PickleFault(`lacks the storage ${quoted(storage.key)}`);
    verified.set(storage.key, data);
    if (data.length !== storage.total * DTYPE_BYTES[storage.dtype])
      throw new PickleFault(
        `has ${data.length} bytes in the storage ${quoted(storage.key)}, where ${storage.total} elements of ${storage.dtype} are expected`,
      );
    return data;
  };
  return { root: value, bytesOf };
}

/** The folder of the archive, with a slash at its end. */
function findFolder(names: readonly string[]): string {
  const program = names.some((name) => /^[^/]*\/(constants\.pkl$|code\/|model\.json$)/.test(name));
  if (program)
    throw new PickleFault(
      'is a TorchScript program, not a checkpoint: in Python, torch.save(torch.jit.load(FILE).state_dict(), …) gives one',
    );
  if (names.some((name) => /(^|\/)\.data\/(extern_modules|version)$/.test(name)))
    throw new PickleFault('is a torch.package archive, not a checkpoint: save the state_dict of its model');
  if (names.some((name) => /(^|\/)serialized_exported_program\.json$/.test(name)))
    throw new PickleFault('is a program of torch.export, not a checkpoint: save the state_dict of its model');
  if (names.some((name) => /\.npy$/.test(name)))
    throw new PickleFault('is an archive of NumPy arrays (.npz), not a PyTorch checkpoint');
  const folders = names.flatMap((name) => /^([^/]*\/)data\.pkl$/.exec(name)?.[1] ?? []);
  const [folder, ...others] = folders;
  if (folder === undefined || others.length > 0)
    throw new PickleFault(
      'is a ZIP file, but not a PyTorch checkpoint: it must have one folder with a data.pkl',
    );
  return folder;
}

/** Reads `('storage', class, key, location, number of elements)`. */
function loadStorage(id: PickleValue): TorchStorage {
  const { dtype, key, count } = storageReference(referenceItems(id));
  return new TorchStorage(key, dtype, count, { offset: 0, count });
}
