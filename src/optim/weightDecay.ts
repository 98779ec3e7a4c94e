import { UsageError } from '../errors.js';
import type { OptimizedParameter } from './optimizer.js';

/** Which parameters decay, and how much; options of every optimiser. */
export interface WeightDecayOptions {
  /** λ; the optimiser says how it enters the update, and its default. */
  readonly weightDecay?: number | undefined;
  /**
   * Whether biases and the parameters of normalisation, which have one axis, decay like the others; `false` is timm's
   * `filter_bias_and_bn`. Default true, as in PyTorch.
   */
  readonly decayBiasNorm?: boolean | undefined;
}

/** @throws UsageError when it is out of range */
export function checkWeightDecay(weightDecay: number): void {
  if (!(weightDecay >= 0 && Number.isFinite(weightDecay)))
    throw new UsageError(`weightDecay must be a number of at least 0, not ${weightDecay}`);
}

/** λ of a parameter. */
export function decayOf(
  { value }: Pick<OptimizedParameter, 'value'>,
  { weightDecay, decayBiasNorm = true }: WeightDecayOptions & { readonly weightDecay: number },
): number {
  return decayBiasNorm || value.shape.length > 1 ? weightDecay : 0;
}

/** @throws UsageError when a number that averages over steps is not in [0, 1) */
export function checkShare(name: string, share: number): void {
  if (!(share >= 0 && share < 1))
    throw new UsageError(`${name} must be a number from 0 to below 1, not ${share}`);
}

/** @throws UsageError when what guards a division is not above 0 */
export function checkEpsilon(eps: number): void {
  if (!(eps > 0 && Number.isFinite(eps))) throw new UsageError(`eps must be a number above 0, not ${eps}`);
}

/** Two numbers that average over steps. @throws UsageError when they are not two, or not in [0, 1) */
export function checkBetas(betas: readonly number[]): readonly [number, number] {
  const [beta1, beta2, ...more] = betas;
  if (beta1 === undefined || beta2 === undefined || more.length > 0)
    throw new UsageError(`betas must be two numbers, not ${betas.length}`);
  for (const beta of [beta1, beta2]) checkShare('each of betas', beta);
  return [beta1, beta2];
}
