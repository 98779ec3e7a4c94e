import type { Pointer } from '../memoryDesc.js';
import type { PostOp } from '../primitiveSpec.js';
import type { CommonFunctions } from './functions.js';
import { type Numbers, SCRATCHPAD_USER } from './numbers.js';

/** A library's functions, its version's numbers, and what throws unless a status is 0. */
export interface AttributeContext {
  readonly functions: CommonFunctions;
  readonly numbers: Numbers;
  check(status: number): void;
}

/** Runs `body` with attributes: scratchpads given by the caller, and post-operations. */
export function withAttributes<T>(
  context: AttributeContext,
  postOps: readonly PostOp[],
  body: (attributes: Pointer) => T,
): T {
  const { functions, check } = context;
  const out = new BigUint64Array(1);
  check(functions.attributesCreate(out));
  const attributes = Number(out[0]);
  try {
    check(functions.setScratchpadMode(attributes, SCRATCHPAD_USER));
    if (postOps.length > 0) setPostOps(context, attributes, postOps);
    return body(attributes);
  } finally {
    functions.attributesDestroy(attributes);
  }
}

function setPostOps(context: AttributeContext, attributes: Pointer, postOps: readonly PostOp[]): void {
  const { functions, check } = context;
  const out = new BigUint64Array(1);
  check(functions.postOpsCreate(out));
  const list = Number(out[0]);
  try {
    for (const postOp of postOps) check(append(context, list, postOp));
    check(functions.setPostOps(attributes, list));
  } finally {
    functions.postOpsDestroy(list);
  }
}

function append({ functions, numbers }: AttributeContext, list: Pointer, postOp: PostOp): number {
  return postOp.kind === 'sum'
    ? functions.appendSum(list, postOp.scale)
    : functions.appendEltwise(list, numbers.eltwise[postOp.fn], postOp.alpha, postOp.beta);
}
