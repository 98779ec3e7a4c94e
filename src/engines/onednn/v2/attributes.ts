import type { Pointer, PostOp } from '../dnnl.js';
import type { Functions } from './functions.js';
import { rawOf } from './memoryDesc.js';
import { binaryKinds, eltwiseKinds } from './operations.js';

const SCRATCHPAD_USER = 1;

/**
 * Runs `body` with attributes: scratchpads given by the caller, and post-operations.
 *
 * @param check throws unless the status is 0
 */
export function withAttributes<T>(
  functions: Functions,
  postOps: readonly PostOp[],
  check: (status: number) => void,
  body: (attributes: Pointer) => T,
): T {
  const out = new BigUint64Array(1);
  check(functions.attributesCreate(out));
  const attributes = Number(out[0]);
  try {
    check(functions.setScratchpadMode(attributes, SCRATCHPAD_USER));
    if (postOps.length > 0) setPostOps(functions, attributes, postOps, check);
    return body(attributes);
  } finally {
    functions.attributesDestroy(attributes);
  }
}

function setPostOps(
  functions: Functions,
  attributes: Pointer,
  postOps: readonly PostOp[],
  check: (status: number) => void,
): void {
  const out = new BigUint64Array(1);
  check(functions.postOpsCreate(out));
  const list = Number(out[0]);
  try {
    for (const postOp of postOps) check(append(functions, list, postOp));
    check(functions.setPostOps(attributes, list));
  } finally {
    functions.postOpsDestroy(list);
  }
}

function append(functions: Functions, list: Pointer, postOp: PostOp): number {
  switch (postOp.kind) {
    case 'sum':
      return functions.appendSum(list, postOp.scale);
    case 'eltwise':
      return functions.appendEltwise(list, 1, eltwiseKinds[postOp.fn], postOp.alpha, postOp.beta);
    case 'binary':
      return functions.appendBinary(list, binaryKinds[postOp.fn], rawOf(postOp.operand));
  }
}
