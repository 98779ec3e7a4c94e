import type { StoredDType } from '../tensor.js';

/** Bytes before the header: its length, as a 64-bit little-endian integer. */
export const LENGTH_BYTES = 8;
/** A header's bytes at most, as in the format's own library. */
export const MAX_HEADER_BYTES = 100_000_000;
/** Key of the map of strings that stands beside the tensors. */
export const METADATA_KEY = '__metadata__';

/** Element types by the format's names. U16, U32, U64 and the 8-bit floats have no counterpart here. */
export const DTYPE_NAMES: { readonly [D in StoredDType]: string } = {
  f64: 'F64',
  f32: 'F32',
  f16: 'F16',
  bf16: 'BF16',
  i64: 'I64',
  i32: 'I32',
  i16: 'I16',
  i8: 'I8',
  u8: 'U8',
  bool: 'BOOL',
};
