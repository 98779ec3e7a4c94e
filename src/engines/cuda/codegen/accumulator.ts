import type { Shape } from '../../../graph/tensorType.js';
import type { PlanBuffer } from '../plan/buffer.js';
import type { Emitter, Operand } from './emitter.js';
import { type Expression, floatText } from './expression.js';
import type { Index } from './index.js';
import type { Stored } from './stored.js';

/** How partial results are combined. */
export type Combination = 'sum' | 'min' | 'max';

/** C++ of each combination. */
export const COMBINE: Readonly<
  Record<Combination, { readonly initial: string; combine(a: string, b: string): string }>
> = {
  sum: { initial: '0.0f', combine: (a, b) => `${a} + ${b}` },
  min: { initial: floatText(Number.POSITIVE_INFINITY), combine: (a, b) => `smaller(${a}, ${b})` },
  max: { initial: floatText(Number.NEGATIVE_INFINITY), combine: (a, b) => `larger(${a}, ${b})` },
};

/** What is added up over the reduced axes. */
export interface Accumulator {
  readonly combination: Combination;
  /** @param first what {@link Reduction.first} gave */
  term(at: Emitter, index: readonly Index[], first: Operand | undefined): Operand;
}

/** A tensor made of the results. */
export interface ReductionResult {
  /** Of the reduced shape, with 1 for reduced axes. */
  readonly target: Stored;
  value(
    at: Emitter,
    totals: readonly Operand[],
    index: readonly Index[],
    first: Operand | undefined,
  ): Operand;
}

/** Sums, minima or maxima over some axes of expressions of one shape. */
export interface Reduction {
  readonly shape: Shape;
  readonly axes: readonly number[];
  /** Everything that terms and results read. */
  readonly reads: readonly Expression[];
  /**
   * A number that all terms of a result are distances from, such as one of them: the index has 0 for reduced axes, or the
   * place of one of the terms. The accumulators are then Σ(x − first) and Σ(x − first)².
   */
  readonly first?: ((at: Emitter, index: readonly Index[]) => Operand) | undefined;
  readonly accumulators: readonly Accumulator[];
  readonly results: readonly ReductionResult[];
}

/** Memory that a reduction needs besides: partial results, and counters that are 0 before and after. */
export interface ReductionMemory {
  partials(bytes: number): PlanBuffer;
  counters(bytes: number): PlanBuffer;
}

/** Σ(x − f) and Σ(x − f)² over the reduced axes, with the first element f: so little cancels when the mean is far from 0. */
export function shiftedSums(x: Expression): Required<Pick<Reduction, 'first' | 'accumulators'>> {
  const distance: Accumulator['term'] = (at, index, first) =>
    at.apply([x.load(at, index), first!], (a, b) => `(${a} - ${b})`);
  return {
    first: (at, index) => x.load(at, index),
    accumulators: [
      { combination: 'sum', term: distance },
      {
        combination: 'sum',
        term: (at, index, first) => at.apply([distance(at, index, first)], (d) => `${d} * ${d}`),
      },
    ],
  };
}
