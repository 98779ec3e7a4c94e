import type { Reduction as ReductionName } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import { type Shape, sizeOf } from '../../../graph/tensorType.js';
import {
  type Accumulator,
  type Reduction,
  type ReductionResult,
  shiftedSums,
} from '../codegen/accumulator.js';
import { type Expression, floatText, literal } from '../codegen/expression.js';
import { nativeStrides } from '../codegen/stored.js';
import type { Draft } from '../plan/draft.js';
import type { Lowerings } from './lowering.js';
import { isNormalisedSum } from './normalisedSum.js';

/** x reduced over some axes, as a value. */
export function addReduction(
  draft: Draft,
  { x, axes, fn, value }: { x: Expression; axes: readonly number[]; fn: ReductionName; value: ValueId },
): void {
  const kept: Shape = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const shape = draft.shapeOf(value);
  const target = draft.output(value, 'f32');
  // The result's own strides, found again among the axes that are kept.
  const strides = nativeStrides(shape);
  let next = 0;
  const keptStrides = kept.map((_, axis) => {
    if (shape.length === kept.length) return strides[axis]!;
    return axes.includes(axis) ? 0 : strides[next++]!;
  });
  const count = sizeOf(x.shape) / sizeOf(kept);
  draft.reduce({
    shape: x.shape,
    axes,
    reads: [x],
    ...accumulation(x, fn, count, { ...target, shape: kept, strides: keptStrides }),
  });
}

function accumulation(
  x: Expression,
  fn: ReductionName,
  count: number,
  target: Reduction['results'][number]['target'],
): Pick<Reduction, 'first' | 'accumulators' | 'results'> {
  const own: Accumulator['term'] = (at, index) => x.load(at, index);
  if (fn === 'variance') {
    const degrees = floatText(1 / Math.max(1, count - 1));
    const share = floatText(1 / count);
    const value: ReductionResult['value'] = (at, [sum, squares]) =>
      at.apply([sum!, squares!], (s, q) => `larger(${q} - ${s} * ${s} * ${share}, 0.0f) * ${degrees}`);
    return { ...shiftedSums(x), results: [{ target, value }] };
  }
  return {
    accumulators: [{ combination: fn === 'min' || fn === 'max' ? fn : 'sum', term: own }],
    results: [
      {
        target,
        value: (at, [total]) =>
          fn === 'mean' ? at.apply([total!], (t) => `${t} * ${floatText(1 / count)}`) : total!,
      },
    ],
  };
}

/** The image that a value is, flattened to rows, with the axes that a reduction over all of a row is of. */
function flattened(
  draft: Draft,
  value: ValueId,
  axes: readonly number[],
): { x: Expression; axes: readonly number[] } {
  const maker = draft.usage.makerOf(value);
  const shape = draft.shapeOf(value);
  if (maker?.kind === 'reshape' && shape.length === 2 && axes.length === 1 && axes[0] === 1) {
    const image = maker.inputs[0]!;
    const from = draft.shapeOf(image);
    if (from.length === 4 && from[0] === shape[0]) return { x: draft.expression(image), axes: [1, 2, 3] };
  }
  return { x: draft.expression(value), axes };
}

/** Reductions. */
export const reduceLowerings: Lowerings<'reduce'> = {
  reduce: (draft, { attributes, inputs, outputs }) => {
    const { fn, axes } = attributes;
    if (isNormalisedSum(draft.usage, { attributes, inputs }))
      return draft.define(outputs[0]!, literal(0, draft.shapeOf(outputs[0]!)));
    addReduction(draft, { ...flattened(draft, inputs[0]!, axes), fn, value: outputs[0]! });
  },
};
