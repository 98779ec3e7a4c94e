import { UsageError } from '../errors.js';
import { greaterOrEqual, mul } from '../graph/ops/elementwise.js';
import type { Tensor } from '../graph/tensor.js';
import type { Shape } from '../graph/tensorType.js';
import type { Trace } from './trace.js';

/** @throws UsageError when a probability is not from 0 to 1 */
export function checkProbability(layer: string, p: number): void {
  if (!(p >= 0 && p <= 1)) throw new UsageError(`${layer}: p must be a number from 0 to 1, not ${p}`);
}

/**
 * In training, zeroes parts of x with probability p and scales the others by 1/(1 − p), of which p = 1 leaves none; otherwise x.
 *
 * @param options stream: name of the random numbers; shape: one number for each part, broadcast to x's shape
 */
export function dropped(
  x: Tensor,
  trace: Trace,
  { p, stream, shape }: { readonly p: number; readonly stream: string; readonly shape: Shape },
): Tensor {
  if (!trace.training || p === 0) return x;
  if (p === 1) return mul(x, 0);
  const kept = greaterOrEqual(trace.graph.uniform(stream, shape), p);
  return mul(x, mul(kept, 1 / (1 - p)));
}
