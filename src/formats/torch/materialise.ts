import { PickleFault } from '../pickle/values.js';
import { quoted } from '../quote.js';
import { checkView, copyStrided, isContiguous } from '../strided.js';
import { DTYPE_BYTES, type StoredTensor } from '../tensor.js';
import type { TorchTensor } from './objects.js';
import type { TorchSource } from './source.js';

/** Bytes that strided tensors of any file may take together; a large file may take twice its own size. */
const BASE_COPIES = 2 ** 22;

/**
 * Turns tensors into contiguous ones: views of the file where they are contiguous there, copies
 * otherwise. Copies are limited in all, because a file of a few bytes can have a tensor repeat one of its
 * elements (a stride of 0) as often as it likes.
 *
 * @param fileBytes size of the file
 */
export function materialiser(
  source: TorchSource,
  fileBytes: number,
): (name: string, tensor: TorchTensor) => StoredTensor {
  let copiesLeft = BASE_COPIES + 2 * fileBytes;
  return (name, { storage, view }) => {
    const { dtype, part } = storage;
    const itemBytes = DTYPE_BYTES[dtype];
    const count = checkView(view, part.count);
    if (typeof count === 'string') throw new PickleFault(`has the tensor ${quoted(name)}, but ${count}`);
    const all = source.bytesOf(storage);
    const data = all.subarray(part.offset * itemBytes, (part.offset + part.count) * itemBytes);
    if (isContiguous(view)) {
      const start = view.offset * itemBytes;
      return { dtype, shape: view.shape, data: data.subarray(start, start + count * itemBytes) };
    }
    copiesLeft -= count * itemBytes;
    if (copiesLeft < 0)
      throw new PickleFault(
        `has the tensor ${quoted(name)}, which repeats its storage to more than can be read`,
      );
    return { dtype, shape: view.shape, data: copyStrided(data, itemBytes, view) };
  };
}
