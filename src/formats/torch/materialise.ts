import { PickleFault } from '../pickle/values.js';
import { quoted } from '../quote.js';
import { checkView, copyStrided, isContiguous } from '../strided.js';
import { DTYPE_BYTES, isFloating, type StoredTensor } from '../tensor.js';
import type { TorchTensor } from './objects.js';
import type { TorchSource } from './source.js';

/** Bytes that strided tensors of any file may take together; a large file may take twice its own size. */
const BASE_COPIES = 2 ** 22;

/**
 * Turns tensors into contiguous ones: views of the file where they are contiguous there and have their own sign, copies
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
  return (name, { storage, view, isNegative }) => {
    const { dtype, part } = storage;
    const itemBytes = DTYPE_BYTES[dtype];
    const count = checkView(view, part.count);
    if (typeof count === 'string') throw new PickleFault(`has the tensor ${quoted(name)}, but ${count}`);
    const all = source.bytesOf(storage);
    const data = all.subarray(part.offset * itemBytes, (part.offset + part.count) * itemBytes);
    if (isNegative && !isFloating(dtype))
      throw new PickleFault(`has the negative tensor ${quoted(name)} of ${dtype}, which is not supported`);
    if (isContiguous(view) && !isNegative) {
      const start = view.offset * itemBytes;
      return { dtype, shape: view.shape, data: data.subarray(start, start + count * itemBytes) };
    }
    copiesLeft -= count * itemBytes;
    if (copiesLeft < 0)
      throw new PickleFault(
        `has the tensor ${quoted(name)}, which repeats its storage to more than can be read`,
      );
    const copy = copyStrided(data, itemBytes, view);
    if (isNegative) negate(copy, itemBytes);
    return { dtype, shape: view.shape, data: copy };
  };
}

/** Changes the sign of each number, of whichever floating type: the highest bit. */
function negate(data: Uint8Array, itemBytes: number): void {
  for (let last = itemBytes - 1; last < data.length; last += itemBytes) data[last]! ^= 0x80;
}
