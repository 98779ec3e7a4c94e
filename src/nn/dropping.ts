import { greaterOrEqual, mul } from '../graph/ops/elementwise.js';
import type { Tensor } from '../graph/tensor.js';
import type { Shape } from '../graph/tensorType.js';
import type { Trace } from './trace.js';

/**
 * In training, zeroes parts of x with probability p and scales the others by 1/(1 − p); otherwise x.
 *
 * @param options stream: name of the random numbers; shape: one number for each part, broadcast to x's shape
 */
export function dropped(
  x: Tensor,
  trace: Trace,
  { p, stream, shape }: { readonly p: number; readonly stream: string; readonly shape: Shape },
): Tensor {
  if (!trace.training || p === 0) return x;
  const kept = greaterOrEqual(trace.graph.uniform(stream, shape), p);
  return mul(x, mul(kept, 1 / (1 - p)));
}
