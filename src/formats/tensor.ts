/**
 * Named tensors as files hold them: the type that every format of weights is read into and written from.
 *
 * Bytes are little-endian, as is every processor that this library's engines run on, so typed arrays
 * and stored bytes have the same order.
 */
import { bfloat16ToFloat, floatToBfloat16, floatToHalf, halfToFloat } from './halfFloats.js';

/** Element types, with PyTorch's meaning: `bf16` is bfloat16, `bool` is one byte of 0 or 1. */
export type StoredDType = 'f64' | 'f32' | 'f16' | 'bf16' | 'i64' | 'i32' | 'i16' | 'i8' | 'u8' | 'bool';

/** A tensor's type, shape and contents. A scalar's shape is []. */
export interface StoredTensor {
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  /** Contiguous, row-major, little-endian; at any alignment, and often a view of the whole file. */
  readonly data: Uint8Array;
}

/** Tensors by name, in the order of the file. */
export type StoredTensors = Map<string, StoredTensor>;

/** Bytes of an element. */
export const DTYPE_BYTES: { readonly [D in StoredDType]: number } = {
  f64: 8,
  f32: 4,
  f16: 2,
  bf16: 2,
  i64: 8,
  i32: 4,
  i16: 2,
  i8: 1,
  u8: 1,
  bool: 1,
};

/** Floating element types. */
export type FloatDType = 'f64' | 'f32' | 'f16' | 'bf16';

/** Whether a tensor holds floating-point numbers. */
export function isFloating(dtype: StoredDType): dtype is FloatDType {
  return dtype === 'f64' || dtype === 'f32' || dtype === 'f16' || dtype === 'bf16';
}

/**
 * Number of elements of a shape, or undefined where a dimension is not a whole number of at least 0, or
 * a product on the way is beyond 2^53.
 */
export function checkedElementCount(shape: readonly number[]): number | undefined {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) return undefined;
    count *= size;
    if (!Number.isSafeInteger(count)) return undefined;
  }
  return count;
}

/** Number of elements of a shape that is known to be valid. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Reads element i of a tensor's bytes as a number; 64-bit integers are rounded beyond 2^53. */
const readers: { readonly [D in StoredDType]: (view: DataView, i: number) => number } = {
  f64: (view, i) => view.getFloat64(8 * i, true),
  f32: (view, i) => view.getFloat32(4 * i, true),
  f16: (view, i) => halfToFloat(view.getUint16(2 * i, true)),
  bf16: (view, i) => bfloat16ToFloat(view.getUint16(2 * i, true)),
  i64: (view, i) => Number(view.getBigInt64(8 * i, true)),
  i32: (view, i) => view.getInt32(4 * i, true),
  i16: (view, i) => view.getInt16(2 * i, true),
  i8: (view, i) => view.getInt8(i),
  u8: (view, i) => view.getUint8(i),
  bool: (view, i) => (view.getUint8(i) === 0 ? 0 : 1),
};

/** Writes a number as element i of a tensor's bytes, rounded to nearest even. */
const writers: { readonly [D in FloatDType]: (view: DataView, i: number, value: number) => void } = {
  f64: (view, i, value) => view.setFloat64(8 * i, value, true),
  f32: (view, i, value) => view.setFloat32(4 * i, value, true),
  f16: (view, i, value) => view.setUint16(2 * i, floatToHalf(value), true),
  bf16: (view, i, value) => view.setUint16(2 * i, floatToBfloat16(value), true),
};

function viewOf({ data }: StoredTensor): DataView {
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}

/** The values of a tensor of any type as 32-bit floats, in a new array. f64 and wide integers are rounded; NaN payloads of f32 are kept. */
export function toFloat32(tensor: StoredTensor): Float32Array {
  const values = new Float32Array(elementCount(tensor.shape));
  if (tensor.dtype === 'f32') {
    new Uint8Array(values.buffer).set(tensor.data);
    return values;
  }
  const view = viewOf(tensor);
  const read = readers[tensor.dtype];
  for (let i = 0; i < values.length; i++) values[i] = read(view, i);
  return values;
}

/** The values of a tensor of any type as 64-bit floats, in a new array: exact but for integers beyond 2^53. */
export function toFloat64(tensor: StoredTensor): Float64Array {
  const view = viewOf(tensor);
  const read = readers[tensor.dtype];
  return Float64Array.from({ length: elementCount(tensor.shape) }, (_, i) => read(view, i));
}

/** The values of an integer or boolean tensor as 64-bit integers, in a new array. @throws RangeError for a floating type */
export function toInt64(tensor: StoredTensor): BigInt64Array {
  if (isFloating(tensor.dtype)) throw new RangeError(`${tensor.dtype} is not an integer type`);
  const view = viewOf(tensor);
  const read = readers[tensor.dtype];
  const wide = tensor.dtype === 'i64';
  return BigInt64Array.from({ length: elementCount(tensor.shape) }, (_, i) =>
    wide ? view.getBigInt64(8 * i, true) : BigInt(read(view, i)),
  );
}

/** The bytes of a typed array, without a copy, as a plain Uint8Array (a Buffer's methods differ). */
export function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/**
 * A tensor over given bytes, without a copy.
 *
 * @throws RangeError when the shape does not fit the number of bytes
 */
export function storedTensor(dtype: StoredDType, shape: readonly number[], data: Uint8Array): StoredTensor {
  const count = checkedElementCount(shape);
  if (count === undefined || count * DTYPE_BYTES[dtype] !== data.byteLength)
    throw new RangeError(`${data.byteLength} bytes are not a ${dtype} tensor of shape [${shape.join(', ')}]`);
  return { dtype, shape: [...shape], data };
}

/** An f32 tensor over the memory of `values`. @throws RangeError when the shape does not fit */
export function fromFloat32(shape: readonly number[], values: Float32Array): StoredTensor {
  return storedTensor('f32', shape, bytesOf(values));
}

/** An i64 tensor over the memory of `values`. @throws RangeError when the shape does not fit */
export function fromInt64(shape: readonly number[], values: BigInt64Array): StoredTensor {
  return storedTensor('i64', shape, bytesOf(values));
}

/**
 * A floating tensor in another floating type, rounded to nearest even; the same object where the type is
 * that already. Between 64 and 16 bits values pass through 32, so that a tie may be rounded twice.
 *
 * @throws RangeError for integer and boolean tensors
 */
export function castFloat(tensor: StoredTensor, dtype: FloatDType): StoredTensor {
  if (!isFloating(tensor.dtype)) throw new RangeError(`${tensor.dtype} is not a floating type`);
  if (tensor.dtype === dtype) return tensor;
  const values = dtype === 'f64' ? toFloat64(tensor) : toFloat32(tensor);
  const data = new Uint8Array(values.length * DTYPE_BYTES[dtype]);
  const view = new DataView(data.buffer);
  const write = writers[dtype];
  for (let i = 0; i < values.length; i++) write(view, i, values[i]!);
  return { dtype, shape: tensor.shape, data };
}
