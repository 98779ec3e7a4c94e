import type { RankReduction, ShapeRules } from '../op.js';
import type { GradientRules, Tensor } from '../tensor.js';
import { expectFloats, expectInputs } from './check.js';
import { div, equal, mul } from './elementwise.js';

/**
 * Tensors combined with those of the other ranks; see {@link OpAttributes.allReduce}. Together they are combined in fewer steps than
 * one by one.
 */
export function allReduceAll(tensors: readonly [Tensor, ...Tensor[]], fn: RankReduction): readonly Tensor[] {
  return tensors[0].graph.emit('allReduce', { fn }, tensors);
}

/** A tensor combined with those of the other ranks, element by element. */
export function allReduce(tensor: Tensor, fn: RankReduction): Tensor {
  return allReduceAll([tensor], fn)[0]!;
}

/** Shape rule of collectives. */
export const collectiveShapes: ShapeRules<'allReduce'> = {
  allReduce: (_, inputs) => {
    expectInputs('allReduce', inputs, 1, Number.POSITIVE_INFINITY);
    expectFloats('allReduce', inputs);
    return [...inputs];
  },
};

/**
 * The gradient of the sum of all ranks' losses: y reaches each of them, so that sum and mean combine dy as they combine x. For min
 * and max, the sum of dy is shared equally among the ranks whose element attains it.
 */
export const collectiveGradients: GradientRules<'allReduce'> = {
  allReduce: ({ attributes: { fn }, inputs, outputs }, gradients) =>
    inputs.map((x, i) => {
      const dy = gradients[i];
      if (!dy) return null;
      if (fn === 'sum' || fn === 'mean') return allReduce(dy, fn);
      const attained = equal(x, outputs[i]!);
      const [total, count] = allReduceAll([dy, attained], 'sum');
      return mul(attained, div(total!, count!));
    }),
};
