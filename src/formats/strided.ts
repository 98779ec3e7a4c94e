import { checkedElementCount } from './tensor.js';

/** A view of a flat array: element (i₀, i₁, …) lies at `offset + Σ iₖ·strides[k]`, counted in elements. */
export interface StridedView {
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** Dimensions at most, as in PyTorch's own loops. */
export const MAX_RANK = 64;

/** Strides of a contiguous row-major tensor, by PyTorch's rule for empty dimensions. */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= Math.max(1, shape[axis]!);
  }
  return strides;
}

/** Whether a view is a run of consecutive elements in row-major order. Strides of dimensions of size 1 do not count. */
export function isContiguous({ shape, strides }: StridedView): boolean {
  if (shape.includes(0)) return true;
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis]!;
    if (size === 1) continue;
    if (strides[axis] !== step) return false;
    step *= size;
  }
  return true;
}

/**
 * Number of elements of a view, when it lies within an array of `length` elements; else what is wrong
 * with it. Negative strides are refused, as PyTorch has none.
 */
export function checkView({ offset, shape, strides }: StridedView, length: number): number | string {
  const isNatural = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
  if (shape.length > MAX_RANK) return `${shape.length} dimensions are more than ${MAX_RANK}`;
  const count = checkedElementCount(shape);
  if (count === undefined) return `the shape [${shape.join(', ')}] is not valid`;
  if (strides.length !== shape.length)
    return `${strides.length} strides do not fit ${shape.length} dimensions`;
  if (!strides.every(isNatural)) return `the strides [${strides.join(', ')}] are not valid`;
  if (!isNatural(offset)) return `the offset ${offset} is not valid`;
  const last = shape.reduce((at, size, axis) => at + (size - 1) * strides[axis]!, offset);
  const end = count === 0 ? offset : last + 1;
  return end <= length ? count : `it needs ${end} elements of a storage of ${length}`;
}

/**
 * The elements of a view in row-major order, copied.
 *
 * @param source the flat array's bytes
 * @param itemBytes bytes of an element
 * @param view lies within the array ({@link checkView})
 */
export function copyStrided(source: Uint8Array, itemBytes: number, view: StridedView): Uint8Array {
  const { shape, strides } = view;
  const count = checkedElementCount(shape) ?? 0;
  const result = new Uint8Array(count * itemBytes);
  const index = new Array<number>(shape.length).fill(0);
  let from = view.offset;
  for (let to = 0; to < count; to++) {
    for (let byte = 0; byte < itemBytes; byte++)
      result[to * itemBytes + byte] = source[from * itemBytes + byte]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      from -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}
