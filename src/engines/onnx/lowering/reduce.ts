import { type Shape, sizeOf, type TensorType } from '../../../graph/tensorType.js';
import type { GraphBuilder, Name } from './graphBuilder.js';
import type { Lowerings, Value } from './lowering.js';

type Sum = 'ReduceSum' | 'ReduceSumSquare';

/** The divisor of `count` that is not below its square root and nearest to it. */
function chunkOf(count: number): number {
  let chunk = Math.ceil(Math.sqrt(count));
  while (count % chunk !== 0) chunk++;
  return chunk;
}

/**
 * Sum over some axes in two steps, as ONNX Runtime adds one number after the other: rounding errors grow
 * with the square root of the count then. First over each image (or chunk of a row), then over those.
 *
 * @returns a tensor of as many elements as `result` has
 */
function sumInTwo(b: GraphBuilder, operator: Sum, { name, shape }: Value, axes: readonly number[]): Name {
  const first = Math.min(...axes);
  const trailing = first === shape.length - axes.length;
  if (trailing) {
    const count = sizeOf(shape.slice(first));
    const chunk = chunkOf(count);
    const chunks = b.reshape(name, [...shape.slice(0, first), count / chunk, chunk]);
    return b.reduce('ReduceSum', b.reduce(operator, chunks, [first + 1]), [first]);
  }
  if (axes.length === 3 && first === 0 && !axes.includes(1) && shape.length === 4) {
    const [n, c, h, w] = shape as [number, number, number, number];
    return b.reduce('ReduceSum', b.reduce(operator, b.reshape(name, [n, c, h * w]), [2]), [0]);
  }
  return b.reduce(operator, name, axes);
}

/** The sum over `axes`, of shape `result`. */
export function sumOver(b: GraphBuilder, x: Value, axes: readonly number[], result: Shape): Name {
  return b.reshape(sumInTwo(b, 'ReduceSum', x, axes), result);
}

function countOf(shape: Shape, axes: readonly number[]): number {
  return axes.reduce((product, axis) => product * shape[axis]!, 1);
}

/** Unbiased variance in two passes: the mean, then the squares of what deviates from it. */
function variance(b: GraphBuilder, x: Value, axes: readonly number[], result: TensorType): Name {
  const count = countOf(x.shape, axes);
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const mean = b.op('Div', [sumOver(b, x, axes, kept), b.scalar(count)]);
  const deviation = { ...x, name: b.op('Sub', [x.name, mean]) };
  const squares = b.reshape(sumInTwo(b, 'ReduceSumSquare', deviation, axes), result.shape);
  return b.op('Div', [squares, b.scalar(Math.max(1, count - 1))]);
}

/** Lowerings of reductions and broadcasting. */
export const reduceLowerings: Lowerings<'reduce' | 'broadcastTo'> = {
  reduce: ({ fn, axes, keepDims }, [x], b, [result]) => {
    if (axes.length === 0) return [fn === 'variance' ? b.op('Sub', [x!.name, x!.name]) : x!.name];
    if (fn === 'variance') return [variance(b, x!, axes, result!)];
    if (fn === 'sum') return [sumOver(b, x!, axes, result!.shape)];
    if (fn === 'mean') {
      const total = sumOver(b, x!, axes, result!.shape);
      return [b.op('Div', [total, b.scalar(countOf(x!.shape, axes))])];
    }
    const operator = fn === 'min' ? 'ReduceMin' : 'ReduceMax';
    return [b.reduce(operator, x!.name, axes, keepDims)];
  },
  broadcastTo: ({ shape }, [x], b) =>
    sizeOf(shape) === sizeOf(x!.shape)
      ? [b.reshape(x!.name, shape)]
      : [b.op('Expand', [x!.name, b.ints(shape)])],
};
