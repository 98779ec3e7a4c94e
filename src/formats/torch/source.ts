import { isUint8Array } from '../../realms.js';
import {
  describeValue,
  InertGlobal,
  natural,
  PickleFault,
  PickleLimit,
  type PickleValue,
  textOf,
  tupleItems,
} from '../pickle/values.js';
import { printable } from '../quote.js';
import type { StoredDType } from '../tensor.js';
import { StorageClass, type TorchStorage } from './objects.js';

/** A checkpoint's object, whose tensors refer to storages, and the way to their bytes. */
export interface TorchSource {
  readonly root: PickleValue;
  /** All bytes under a storage's key. @throws PickleFault or UserError when they are missing, damaged or of another size */
  readonly bytesOf: (storage: TorchStorage) => Uint8Array;
}

/** The items of a reference to a storage. @throws PickleFault when it is none */
export function referenceItems(id: PickleValue): readonly PickleValue[] {
  if (typeof id === 'string' || isUint8Array(id))
    throw new PickleLimit(
      'was saved with pickle_protocol=0, whose references to tensors PyTorch itself cannot read: save it without',
    );
  return tupleItems(id, 'a reference to a storage');
}

/** The class, key and number of elements in `('storage', class, key, location, number of elements, …)`. @throws PickleFault when it is another reference, or its type is not read */
export function storageReference([tag, storageClass, keyValue, , numel]: readonly PickleValue[]): {
  dtype: StoredDType;
  key: string;
  count: number;
} {
  const key = textOf(keyValue);
  if (textOf(tag) === 'storage' && storageClass instanceof InertGlobal)
    throw new PickleFault(`has a storage of ${printable(storageClass.name)}, which is not supported`);
  if (textOf(tag) !== 'storage' || key === undefined || !(storageClass instanceof StorageClass))
    throw new PickleFault(
      `refers to ${describeValue(tag)} of ${describeValue(storageClass)}, not to a storage`,
    );
  return { dtype: storageClass.dtype, key, count: natural(numel, 'the size of a storage') };
}
