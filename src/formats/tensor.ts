/** Element types that files hold. */
export type StoredDType = 'f64' | 'f32' | 'f16' | 'bf16' | 'i64' | 'i32' | 'i16' | 'i8' | 'u8' | 'bool';

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

/** A tensor as a file holds it. */
export interface StoredTensor {
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  /** Little-endian elements, row-major, without gaps. */
  readonly data: Uint8Array;
}

/** Named tensors, in the order of the file. */
export type StoredTensors = Map<string, StoredTensor>;

/** Number of elements. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A value of half precision (1 sign, 5 exponent, 10 mantissa bits) as a number. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * mantissa * 2 ** -24 : sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

const readers: { readonly [D in StoredDType]: (view: DataView, offset: number) => number } = {
  f64: (view, offset) => view.getFloat64(offset, true),
  f32: (view, offset) => view.getFloat32(offset, true),
  f16: (view, offset) => halfToNumber(view.getUint16(offset, true)),
  bf16: (view, offset) => bfloatToNumber(view.getUint16(offset, true)),
  i64: (view, offset) => Number(view.getBigInt64(offset, true)),
  i32: (view, offset) => view.getInt32(offset, true),
  i16: (view, offset) => view.getInt16(offset, true),
  i8: (view, offset) => view.getInt8(offset),
  u8: (view, offset) => view.getUint8(offset),
  bool: (view, offset) => (view.getUint8(offset) ? 1 : 0),
};

const scratch = new DataView(new ArrayBuffer(4));

/** A bfloat16 (the upper half of a 32-bit float) as a number. */
function bfloatToNumber(bits: number): number {
  scratch.setUint32(0, bits * 0x10000);
  return scratch.getFloat32(0);
}

/** The elements as 32-bit floats, in a new array; f64 and integers are rounded to the nearest. */
export function toFloat32(tensor: StoredTensor): Float32Array {
  const { dtype, data } = tensor;
  if (dtype === 'f32') return new Float32Array(data.slice().buffer);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const read = readers[dtype];
  const bytes = DTYPE_BYTES[dtype];
  return Float32Array.from({ length: elementCount(tensor.shape) }, (_, i) => read(view, i * bytes));
}

/** The bytes of an array, without a copy. Assumes a little-endian machine, as every one that Node runs on is. */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
