import { add, div, minimum, mul, sqrt } from '../graph/ops/elementwise.js';
import { sum } from '../graph/ops/reduce.js';
import type { Tensor } from '../graph/tensor.js';

/** Gradients after {@link rescale}. */
export interface RescaledGradients {
  readonly gradients: Tensor[];
  /** Their common norm before clipping, a scalar; absent without clipping. */
  readonly norm?: Tensor;
}

/** Guards the division by a norm of zero, as in PyTorch. */
const EPSILON = 1e-6;

/**
 * Multiplies gradients by a common factor and clips their common norm: with the norm n of all gradients as one vector,
 * they are multiplied by min(1, maxNorm/(n + 1e-6)). The rule of PyTorch's `clip_grad_norm_`.
 *
 * @param options scale: a scalar, default 1; maxNorm: default no clipping
 */
export function rescale(
  gradients: readonly Tensor[],
  { scale, maxNorm }: { readonly scale?: Tensor | undefined; readonly maxNorm?: number | undefined },
): RescaledGradients {
  const times = (factor: Tensor): Tensor[] => gradients.map((gradient) => mul(gradient, factor));
  if (maxNorm === undefined) return { gradients: scale ? times(scale) : [...gradients] };
  const squares = gradients.map((gradient) => sum(mul(gradient, gradient)));
  const whole = sqrt(squares.reduce((total, square) => add(total, square)));
  const norm = scale ? mul(whole, scale) : whole;
  const factor = minimum(div(maxNorm, add(norm, EPSILON)), 1);
  return { gradients: times(scale ? mul(factor, scale) : factor), norm };
}
