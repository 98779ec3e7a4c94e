import { isDouble, type ReducedArray } from './communicator.js';

/** Arrays of at least so many elements are combined where they lie: a call takes longer to move them than to begin. */
const LARGE = 16_384;

/** Most elements of small arrays that are combined together. */
const MOST = 1 << 20;

/** Bytes that may lie between arrays that are combined as one: what aligns them. */
const GAP = 64;

/**
 * Has `combine` work on all arrays, in as few calls as pays: those that lie one after the other in memory are one, without a copy;
 * other large ones are combined one by one, in place, and small ones joined in the order given. The calls depend on the arrays'
 * sizes and neighbourhood alone, so that they are the same on all ranks. What lies between neighbours is overwritten.
 */
export function inBuckets(
  arrays: readonly ReducedArray[],
  scratch: Scratch,
  combine: (array: ReducedArray) => void,
): void {
  let small: ReducedArray[] = [];
  let length = 0;
  const flush = (): void => {
    if (small.length === 1) combine(small[0]!);
    else if (small.length > 1) joined(small, scratch.of(small[0]!, length), combine);
    small = [];
    length = 0;
  };
  for (const array of rows(arrays)) {
    if (array.length >= LARGE) {
      combine(array);
      continue;
    }
    if (length + array.length > MOST) flush();
    small.push(array);
    length += array.length;
  }
  flush();
}

/** An array in pieces of at most so many elements, one after the other. */
export function inPieces(array: ReducedArray, most: number): ReducedArray[] {
  if (array.length <= most) return [array];
  const count = Math.ceil(array.length / most);
  return Array.from({ length: count }, (_, i) => array.subarray(i * most, (i + 1) * most));
}

/** The arrays, those that are neighbours in memory as one. */
function rows(arrays: readonly ReducedArray[]): ReducedArray[] {
  const found: ReducedArray[] = [];
  for (const array of arrays) {
    const before = found.at(-1);
    const row = before && asOne(before, array);
    if (row) found[found.length - 1] = row;
    else found.push(array);
  }
  return found;
}

/** Two arrays and what lies between them, where the second follows the first. */
function asOne(first: ReducedArray, second: ReducedArray): ReducedArray | undefined {
  const gap = second.byteOffset - first.byteOffset - first.byteLength;
  if (first.buffer !== second.buffer || gap < 0 || gap >= GAP || isDouble(first) !== isDouble(second))
    return undefined;
  const bytes = second.byteOffset + second.byteLength - first.byteOffset;
  const { buffer, byteOffset } = first;
  return isDouble(first)
    ? new Float64Array(buffer, byteOffset, bytes / Float64Array.BYTES_PER_ELEMENT)
    : new Float32Array(buffer, byteOffset, bytes / Float32Array.BYTES_PER_ELEMENT);
}

function joined(
  arrays: readonly ReducedArray[],
  flat: ReducedArray,
  combine: (array: ReducedArray) => void,
): void {
  let offset = 0;
  for (const array of arrays) {
    flat.set(array, offset);
    offset += array.length;
  }
  combine(flat);
  offset = 0;
  for (const array of arrays) {
    array.set(flat.subarray(offset, offset + array.length));
    offset += array.length;
  }
}

/** Memory that is used again and again for joined arrays. */
export class Scratch {
  private floats = new Float32Array(0);
  private doubles = new Float64Array(0);

  /** So many elements of an array's type. */
  of(like: ReducedArray, length: number): ReducedArray {
    if (isDouble(like)) {
      if (this.doubles.length < length) this.doubles = new Float64Array(length);
      return this.doubles.subarray(0, length);
    }
    if (this.floats.length < length) this.floats = new Float32Array(length);
    return this.floats.subarray(0, length);
  }
}
