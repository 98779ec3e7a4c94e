import type { Reduction } from '../../../graph/op.js';
import { type Shape, sizeOf, stridesOf } from '../../../graph/tensorType.js';
import { type Floats, floats, type Kernels } from '../kernel.js';
import { broadcastStrides, forEachRow } from '../rows.js';

/** Folds x over some axes into an accumulator of the kept shape: total ← step(total, x, place of the total). */
function fold(
  x: Floats,
  shape: Shape,
  kept: Shape,
  start: number,
  step: (total: number, value: number, place: number) => number,
): Float64Array {
  const totals = new Float64Array(sizeOf(kept)).fill(start);
  forEachRow(shape, [stridesOf(shape), broadcastStrides(kept, shape)], ({ offsets, steps, count }) => {
    const [from, to] = offsets as [number, number];
    const [, toStep] = steps as [number, number];
    for (let i = 0; i < count; i++) {
      const place = to + i * toStep;
      totals[place] = step(totals[place]!, x[from + i]!, place);
    }
  });
  return totals;
}

const add = (total: number, value: number): number => total + value;

const reductions: { readonly [R in Reduction]: (x: Floats, shape: Shape, kept: Shape) => Float64Array } = {
  sum: (x, shape, kept) => fold(x, shape, kept, 0, add),
  mean: (x, shape, kept) => {
    const count = sizeOf(shape) / sizeOf(kept);
    return fold(x, shape, kept, 0, add).map((total) => total / count);
  },
  min: (x, shape, kept) => fold(x, shape, kept, Number.POSITIVE_INFINITY, (a, b) => Math.min(a, b)),
  max: (x, shape, kept) => fold(x, shape, kept, Number.NEGATIVE_INFINITY, (a, b) => Math.max(a, b)),
  variance: (x, shape, kept) => {
    const degrees = Math.max(1, sizeOf(shape) / sizeOf(kept) - 1);
    const means = reductions.mean(x, shape, kept);
    const squares = fold(x, shape, kept, 0, (total, value, place) => total + (value - means[place]!) ** 2);
    return squares.map((total) => total / degrees);
  },
};

/** Reductions, accumulated in double precision, and broadcasting. */
export const reduceKernels: Kernels<'reduce' | 'broadcastTo'> = {
  reduce: ({ fn, axes }, [x], [y]) => {
    const { shape } = x!;
    const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    floats(y).set(reductions[fn](floats(x), shape, kept));
  },
  broadcastTo: ({ shape }, [x], [y]) => {
    const [xs, ys] = [x!.data, y!.data];
    forEachRow(shape, [stridesOf(shape), broadcastStrides(x!.shape, shape)], ({ offsets, steps, count }) => {
      const [to, from] = offsets as [number, number];
      const [, fromStep] = steps as [number, number];
      for (let i = 0; i < count; i++) ys[to + i] = xs[from + i * fromStep]!;
    });
  },
};
