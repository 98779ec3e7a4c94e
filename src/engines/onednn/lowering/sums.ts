/** Reductions of large tensors: sums as products with ones, the rest over rows that are brought together first. */
import type { Reduction } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import { type Shape, sizeOf, stridesOf } from '../../../graph/tensorType.js';
import { ARG } from '../dnnl.js';
import type { MemoryDesc } from '../memoryDesc.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
import type { ReductionSpec } from '../primitiveSpec.js';
import { axisGroups, nearRoot } from './broadcast.js';
import { matrix, product } from './products.js';

function filled(draft: Draft, value: number, length: number): Place {
  return draft.steps.constant(draft.layouts.rowMajor([length]), new Float32Array(length).fill(value));
}

/** Σ weight·x over each row [K, R] → [K, 1]; long rows in two steps, so that rounding grows with a square root. */
function sumRows(draft: Draft, x: Place, weight: number): Place {
  const [rows, columns] = x.desc.shape as [number, number];
  const part = nearRoot(columns);
  if (part === columns) return product(draft, x, matrix(draft, filled(draft, weight, columns), columns, 1));
  const parts = matrix(draft, x, (rows * columns) / part, part);
  const totals = product(draft, parts, matrix(draft, filled(draft, weight, part), part, 1));
  const rest = matrix(draft, filled(draft, 1, columns / part), columns / part, 1);
  return product(draft, matrix(draft, totals, rows, columns / part), rest);
}

/** Σ x over the rows of [R, K] → [1, K]. */
function sumColumns(draft: Draft, x: Place, weight: number): Place {
  const [rows] = x.desc.shape as [number, number];
  return product(draft, matrix(draft, filled(draft, weight, rows), 1, rows), x);
}

/** Most weights that {@link sumMiddle} keeps. */
const MOST_WEIGHTS = 2 ** 20;

/** Σ weight·x over the middle axis of [B, R, K] → [B, 1, K], a product for each of the first axis. */
function sumMiddle(draft: Draft, x: Place, shape: Shape, weight: number): Place {
  const [batch, reduced, kept] = shape as [number, number, number];
  const desc = (rows: number, columns: number): MemoryDesc => draft.layouts.rowMajor([batch, rows, columns]);
  const weights = { ...filled(draft, weight, batch * reduced), desc: desc(1, reduced) };
  return product(draft, weights, { ...x, desc: desc(reduced, kept) });
}

/** x with the axes that are reduced as its rows, [K, R], by a copy unless they are the last already. */
export function reducedRows(draft: Draft, x: ValueId, axes: readonly number[]): Place {
  const shape = draft.shapeOf(x);
  const place = draft.places.plain(x);
  const reduced = shape.map((_, axis) => axis).filter((axis) => axes.includes(axis));
  const order = [...shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis)), ...reduced];
  const count = sizeOf(reduced.map((axis) => shape[axis]!));
  const groups = axisGroups(shape, (axis) => axes.includes(axis));
  const isLast = groups.length === 1 || (groups.length === 2 && groups[1]!.marked);
  if (isLast) return matrix(draft, place, sizeOf(shape) / count, count);
  const strides = stridesOf(shape);
  const turned = order.map((axis) => shape[axis]!);
  const view = draft.dnnl.strided(
    turned,
    'f32',
    order.map((axis) => strides[axis]!),
  );
  const copy = draft.buffers.allocate(draft.layouts.rowMajor(turned));
  draft.steps.reorder({ ...place, desc: view }, copy);
  return matrix(draft, copy, sizeOf(shape) / count, count);
}

/** The greatest or least of each row [K, R] → [K, 1]; a single row in parts. */
function extreme(draft: Draft, fn: 'min' | 'max', x: Place): Place {
  const [rows, columns] = x.desc.shape as [number, number];
  const part = rows === 1 ? nearRoot(columns) : columns;
  const parts = matrix(draft, x, (rows * columns) / part, part);
  const dst = draft.buffers.allocate(draft.layouts.rowMajor([parts.desc.shape[0]!, 1]));
  const spec: ReductionSpec = { kind: 'reduction', fn, src: parts.desc, dst: dst.desc };
  draft.steps.primitive({ spec, reads: { [ARG.src]: parts }, writes: { [ARG.dst]: dst } });
  return part === columns ? dst : extreme(draft, fn, matrix(draft, dst, rows, columns / part));
}

function sum(draft: Draft, x: ValueId, axes: readonly number[], weight: number): Place {
  const shape = draft.shapeOf(x);
  const groups = axisGroups(shape, (axis) => axes.includes(axis));
  const [first, second, third] = groups;
  const place = draft.places.plain(x);
  if (groups.length === 2 && first!.marked)
    return sumColumns(draft, matrix(draft, place, first!.size, second!.size), weight);
  if (groups.length === 3 && first!.marked) {
    const rows = matrix(draft, place, first!.size * second!.size, third!.size);
    const totals = sumRows(draft, rows, weight);
    return sumColumns(draft, matrix(draft, totals, first!.size, second!.size), 1);
  }
  if (groups.length === 3 && first!.size * second!.size <= MOST_WEIGHTS)
    return sumMiddle(draft, place, [first!.size, second!.size, third!.size], weight);
  return sumRows(draft, reducedRows(draft, x, axes), weight);
}

/** A reduction other than the variance, of any axes. */
export function reduceLarge(
  draft: Draft,
  fn: Exclude<Reduction, 'variance'>,
  { x, y, axes }: { readonly x: ValueId; readonly y: ValueId; readonly axes: readonly number[] },
): void {
  const count = sizeOf(draft.shapeOf(x)) / sizeOf(draft.shapeOf(y));
  const result =
    fn === 'min' || fn === 'max'
      ? extreme(draft, fn, reducedRows(draft, x, axes))
      : sum(draft, x, axes, fn === 'mean' ? 1 / count : 1);
  draft.places.define(y, { ...result, desc: draft.layouts.rowMajor(draft.shapeOf(y)) });
}
