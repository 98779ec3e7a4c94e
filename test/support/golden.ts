import { readFileSync } from 'node:fs';

/** L2 norm and first values of a tensor. */
export interface TensorSummary {
  readonly l2: number;
  readonly first: readonly number[];
}

/** Losses of a few SGD steps and the norms of the parameters after them. */
export interface GoldenTrajectory {
  readonly lr: number;
  readonly momentum: number;
  readonly weight_decay: number;
  readonly batch: number;
  readonly inputs: readonly string[];
  readonly loss: readonly number[];
  readonly global_min: number | null;
  readonly parameters_after: Readonly<Record<string, number>>;
}

/** Numbers of the published code in float64. */
export interface Golden {
  readonly model: string;
  readonly salt: string;
  readonly classes: number;
  readonly image_size: number;
  readonly state_dict: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly sample_values: Readonly<Record<string, readonly number[]>>;
  readonly eval: {
    readonly batch: number;
    readonly input: string;
    readonly logits: readonly (readonly number[])[];
    readonly features_shape: readonly number[];
    readonly features_variance: readonly number[];
  };
  readonly train: {
    readonly batch: number;
    readonly input: string;
    readonly labels: readonly number[];
    readonly logits: readonly (readonly number[])[];
    readonly features_variance: readonly number[];
    readonly cross_entropy: number;
    readonly bias_loss_global: number;
    readonly bias_loss_local: number;
    readonly gradients: Readonly<Record<string, TensorSummary>>;
    readonly buffers_after: Readonly<Record<string, TensorSummary>>;
  };
  readonly sgd_global: GoldenTrajectory;
  readonly sgd_local: GoldenTrajectory;
  readonly sgd_ce: GoldenTrajectory;
  readonly pytorch_float32_error: Readonly<Record<string, number | readonly number[]>>;
}

/** The golden numbers of a model. */
export function readGolden(model: string): Golden {
  return JSON.parse(
    readFileSync(new URL(`../../../test/golden/${model}.json`, import.meta.url), 'utf8'),
  ) as Golden;
}

/** Greatest errors of PyTorch's float32 over its memory formats and threads, of gradients also over its convolution libraries. */
export interface Float32Variants {
  /** Of norms and first values of gradients. */
  readonly gradients: { readonly l2: number; readonly first: number };
  readonly global: StepVariants;
  readonly local: StepVariants;
  readonly ce: StepVariants;
}

/** Of each step's loss, and of the norms of parameters after the steps. */
interface StepVariants {
  readonly loss: readonly number[];
  readonly parameters: number;
}

/**
 * What `bench/pytorch/float32_variants.py` measured of a model's gradients and SGD steps. One run of float32,
 * as the golden file has it, is one draw of a chaotic quantity; these are the greatest of several.
 */
export function readFloat32Variants(model: string): Float32Variants | undefined {
  const text = readFileSync(new URL('../../../test/golden/float32-variants.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as Record<string, Float32Variants>)[model];
}

/** Largest difference, relative to the largest expected value. */
export function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]!));
    difference = Math.max(difference, Math.abs(found[i]! - expected[i]!));
  }
  return difference / largest;
}

/** Euclidean norm. */
export function l2Norm(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]! ** 2;
  return Math.sqrt(total);
}

/** Tensors with a smaller norm are zero but for rounding, and have no relative error. */
export const LEAST_NORM = 1e-6;

/** Greatest relative errors of norms and of first values over named tensors. */
export function summaryErrors(
  found: ReadonlyMap<string, ArrayLike<number>>,
  expected: Readonly<Record<string, TensorSummary>>,
): { l2: number; first: number } {
  let l2 = 0;
  let first = 0;
  for (const [name, summary] of Object.entries(expected)) {
    const values = found.get(name);
    if (!values) throw new Error(`${name} is missing`);
    if (summary.l2 < LEAST_NORM) continue;
    l2 = Math.max(l2, Math.abs(l2Norm(values) - summary.l2) / summary.l2);
    const zero = summary.first.every((value) => value === 0);
    first = Math.max(
      first,
      zero ? l2Norm(Array.from(values).slice(0, 4)) / summary.l2 : relativeError(values, summary.first),
    );
  }
  return { l2, first };
}
