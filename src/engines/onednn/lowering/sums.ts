/** Reductions of large tensors: sums as products with ones, the rest over rows that are brought together first. */
import type { Reduction } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import { sizeOf, stridesOf } from '../../../graph/tensorType.js';
import { ARG } from '../dnnl.js';
import type { Place } from '../plan/place.js';
import type { Planner } from '../plan/planner.js';
import type { MatmulSpec, ReductionSpec } from '../primitiveSpec.js';
import { axisGroups, nearRoot } from './broadcast.js';

/** A row-major place read as a matrix. */
function matrix(planner: Planner, place: Place, rows: number, columns: number): Place {
  return { ...place, desc: planner.rowMajor([rows, columns]) };
}

function filled(planner: Planner, value: number, length: number): Place {
  return planner.constant(planner.rowMajor([length]), new Float32Array(length).fill(value));
}

function product(planner: Planner, a: Place, b: Place): Place {
  const shape = [a.desc.shape[0]!, b.desc.shape[1]!];
  const dst = planner.allocate(planner.rowMajor(shape));
  const spec: MatmulSpec = { kind: 'matmul', a: a.desc, b: b.desc, dst: dst.desc };
  planner.execute(spec, planner.prepare(spec), { [ARG.src]: a, [ARG.weights]: b }, { [ARG.dst]: dst });
  return dst;
}

/** Σ weight·x over each row [K, R] → [K, 1]; long rows in two steps, so that rounding grows with a square root. */
function sumRows(planner: Planner, x: Place, weight: number): Place {
  const [rows, columns] = x.desc.shape as [number, number];
  const part = nearRoot(columns);
  if (part === columns)
    return product(planner, x, matrix(planner, filled(planner, weight, columns), columns, 1));
  const parts = matrix(planner, x, (rows * columns) / part, part);
  const totals = product(planner, parts, matrix(planner, filled(planner, weight, part), part, 1));
  const rest = matrix(planner, filled(planner, 1, columns / part), columns / part, 1);
  return product(planner, matrix(planner, totals, rows, columns / part), rest);
}

/** Σ x over the rows of [R, K] → [1, K]. */
function sumColumns(planner: Planner, x: Place, weight: number): Place {
  const [rows] = x.desc.shape as [number, number];
  return product(planner, matrix(planner, filled(planner, weight, rows), 1, rows), x);
}

/** x with the axes that are reduced as its rows, [K, R], by a copy unless they are the last already. */
export function reducedRows(planner: Planner, x: ValueId, axes: readonly number[]): Place {
  const shape = planner.shapeOf(x);
  const place = planner.plain(x);
  const reduced = shape.map((_, axis) => axis).filter((axis) => axes.includes(axis));
  const order = [...shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis)), ...reduced];
  const count = sizeOf(reduced.map((axis) => shape[axis]!));
  const groups = axisGroups(shape, (axis) => axes.includes(axis));
  const isLast = groups.length === 1 || (groups.length === 2 && groups[1]!.marked);
  if (isLast) return matrix(planner, place, sizeOf(shape) / count, count);
  const strides = stridesOf(shape);
  const turned = order.map((axis) => shape[axis]!);
  const view = planner.dnnl.strided(
    turned,
    'f32',
    order.map((axis) => strides[axis]!),
  );
  const copy = planner.allocate(planner.rowMajor(turned));
  planner.reorder({ ...place, desc: view }, copy);
  return matrix(planner, copy, sizeOf(shape) / count, count);
}

/** The greatest or least of each row [K, R] → [K, 1]; a single row in parts. */
function extreme(planner: Planner, fn: 'min' | 'max', x: Place): Place {
  const [rows, columns] = x.desc.shape as [number, number];
  const part = rows === 1 ? nearRoot(columns) : columns;
  const parts = matrix(planner, x, (rows * columns) / part, part);
  const dst = planner.allocate(planner.rowMajor([parts.desc.shape[0]!, 1]));
  const spec: ReductionSpec = { kind: 'reduction', fn, src: parts.desc, dst: dst.desc };
  planner.execute(spec, planner.prepare(spec), { [ARG.src]: parts }, { [ARG.dst]: dst });
  return part === columns ? dst : extreme(planner, fn, matrix(planner, dst, rows, columns / part));
}

function sum(planner: Planner, x: ValueId, axes: readonly number[], weight: number): Place {
  const shape = planner.shapeOf(x);
  const groups = axisGroups(shape, (axis) => axes.includes(axis));
  const [first, second, third] = groups;
  const place = planner.plain(x);
  if (groups.length === 2 && first!.marked)
    return sumColumns(planner, matrix(planner, place, first!.size, second!.size), weight);
  if (groups.length === 3 && first!.marked) {
    const rows = matrix(planner, place, first!.size * second!.size, third!.size);
    const totals = sumRows(planner, rows, weight);
    return sumColumns(planner, matrix(planner, totals, first!.size, second!.size), 1);
  }
  return sumRows(planner, reducedRows(planner, x, axes), weight);
}

/** A reduction other than the variance, of any axes. */
export function reduceLarge(
  planner: Planner,
  fn: Exclude<Reduction, 'variance'>,
  { x, y, axes }: { readonly x: ValueId; readonly y: ValueId; readonly axes: readonly number[] },
): void {
  const count = sizeOf(planner.shapeOf(x)) / sizeOf(planner.shapeOf(y));
  const result =
    fn === 'min' || fn === 'max'
      ? extreme(planner, fn, reducedRows(planner, x, axes))
      : sum(planner, x, axes, fn === 'mean' ? 1 / count : 1);
  planner.define(y, { ...result, desc: planner.rowMajor(planner.shapeOf(y)) });
}
