import type { Reduction, ShapeRules } from '../op.js';
import { emitOne, type GradientRules, type Tensor } from '../tensor.js';
import { broadcastShapes, GraphError, type Shape, sizeOf } from '../tensorType.js';
import { expectAxis, expectFloats, expectInputs, expectShape, f32 } from './check.js';
import { div, equal, mul, sub } from './elementwise.js';
import { reshape } from './shape.js';

type ReduceKind = 'reduce' | 'broadcastTo';

function reduce(fn: Reduction, x: Tensor, axes: readonly number[] | undefined, keepDims: boolean): Tensor {
  return emitOne('reduce', { fn, axes: axes ?? x.shape.map((_, axis) => axis), keepDims }, [x]);
}

/** Sum over `axes` (default: all), which disappear unless `keepDims`. */
export function sum(x: Tensor, axes?: readonly number[], keepDims = false): Tensor {
  return reduce('sum', x, axes, keepDims);
}

/** Mean over `axes` (default: all). */
export function mean(x: Tensor, axes?: readonly number[], keepDims = false): Tensor {
  return reduce('mean', x, axes, keepDims);
}

/** Minimum over `axes` (default: all). */
export function amin(x: Tensor, axes?: readonly number[], keepDims = false): Tensor {
  return reduce('min', x, axes, keepDims);
}

/** Maximum over `axes` (default: all). */
export function amax(x: Tensor, axes?: readonly number[], keepDims = false): Tensor {
  return reduce('max', x, axes, keepDims);
}

/** Unbiased variance (divided by n − 1) over `axes` (default: all); 0 for n = 1. */
export function variance(x: Tensor, axes?: readonly number[], keepDims = false): Tensor {
  return reduce('variance', x, axes, keepDims);
}

/** x repeated to `shape` by broadcasting. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  return emitOne('broadcastTo', { shape }, [x]);
}

/** x summed down to `shape`, from which x's shape came by broadcasting. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  const missing = x.shape.length - shape.length;
  const axes = x.shape.flatMap((size, axis) =>
    axis < missing || (shape[axis - missing] === 1 && size !== 1) ? [axis] : [],
  );
  return axes.length === 0 ? reshape(x, shape) : reshape(sum(x, axes), shape);
}

/** Shape with the reduced axes kept as 1. */
function keptShape(shape: Shape, axes: readonly number[]): number[] {
  return shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
}

/** Shape rules of reductions. */
export const reduceShapes: ShapeRules<ReduceKind> = {
  reduce: ({ axes, keepDims }, inputs) => {
    expectInputs('reduce', inputs, 1);
    expectFloats('reduce', inputs);
    const { shape } = inputs[0]!;
    for (const axis of axes) expectAxis('reduce', shape, axis);
    if (new Set(axes).size !== axes.length) throw new GraphError(`reduce: axes ${axes.join(', ')} repeat`);
    return [f32(keepDims ? keptShape(shape, axes) : shape.filter((_, axis) => !axes.includes(axis)))];
  },
  broadcastTo: ({ shape }, inputs) => {
    expectInputs('broadcastTo', inputs, 1);
    expectShape('broadcastTo', 'result', broadcastShapes(inputs[0]!.shape, shape), shape);
    return [{ shape, dtype: inputs[0]!.dtype }];
  },
};

/**
 * sum: dy repeated; mean: dy/n repeated; variance: 2(x − mean)/(n − 1)·dy; min and max: dy shared
 * equally among the elements that attain it, as PyTorch's amin and amax.
 */
export const reduceGradients: GradientRules<ReduceKind> = {
  reduce: ({ attributes: { fn, axes }, inputs, outputs }, [dy]) => {
    const x = inputs[0]!;
    const kept = keptShape(x.shape, axes);
    const count = sizeOf(x.shape) / sizeOf(kept);
    const spread = reshape(dy!, kept);
    if (fn === 'sum') return [broadcastTo(spread, x.shape)];
    if (fn === 'mean') return [broadcastTo(div(spread, count), x.shape)];
    if (fn === 'variance') {
      const deviation = sub(x, mean(x, axes, true));
      return [mul(deviation, mul(spread, count > 1 ? 2 / (count - 1) : 0))];
    }
    const attained = equal(x, reshape(outputs[0]!, kept));
    return [mul(attained, div(spread, sum(attained, axes, true)))];
  },
  broadcastTo: ({ inputs }, [dy]) => [sumTo(dy!, inputs[0]!.shape)],
};
