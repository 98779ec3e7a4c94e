import type { Pointer } from '../memoryDesc.js';
import { queryImplementation } from '../native/primitive.js';
import type { PrimitiveSpec } from '../primitiveSpec.js';
import type { Functions } from './functions.js';

/**
 * Whether the library's first choice computes something else: 3.7.2 to 3.13.2 with AMX, a bf16 convolution with a
 * horizontal stride whose result is one column wide (wrong from the fifth row or so on).
 */
export function isFaulty(spec: PrimitiveSpec): boolean {
  return (
    spec.kind === 'convolution' &&
    (spec.pass === 'training' || spec.pass === 'inference') &&
    spec.src.type === 'bf16' &&
    spec.dst.shape[3] === 1 &&
    spec.strides[1]! > 1
  );
}

/** Start of the names of the implementations by products of small blocks. */
const BLOCK_PRODUCTS = 'brg';

/** Makes a primitive's descriptor take the next implementation of another kind; returns the library's status. */
export function skipBlockProducts(functions: Functions, desc: Pointer): number {
  while (queryImplementation(functions, desc).startsWith(BLOCK_PRODUCTS)) {
    const status = functions.nextImplementation(desc);
    if (status !== 0) return status;
  }
  return 0;
}
