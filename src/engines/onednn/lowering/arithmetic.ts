/** Functions of two tensors that are large but no images of one layout: by the library's binary primitive, row-major. */
import type { BinaryFunction, Comparison } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import { type Shape, sameShape, sizeOf } from '../../../graph/tensorType.js';
import { ARG } from '../dnnl.js';
import { elementBytes } from '../memoryDesc.js';
import type { Place } from '../plan/place.js';
import type { Planner } from '../plan/planner.js';
import type { BinarySpec, EltwiseSpec } from '../primitiveSpec.js';
import { expand, keptSizes, repeatedGroups } from './broadcast.js';

type Fn = BinaryFunction | Comparison;

/** The function with its operands exchanged, where there is one. */
const exchanged: { readonly [F in Fn]?: Fn } = {
  add: 'add',
  mul: 'mul',
  min: 'min',
  max: 'max',
  equal: 'equal',
  less: 'greater',
  greater: 'less',
};

/** A place's numbers as one axis, if nothing fills up its blocks. */
function packed(planner: Planner, place: Place): Place | undefined {
  const { bytes, shape, type } = place.desc;
  return bytes === sizeOf(shape) * elementBytes[type] ? planner.flat(place) : undefined;
}

/** Operands of one shape: in the first's layout where nothing fills up blocks, which could become 0/0, else row-major. */
function alike(planner: Planner, [a, b]: readonly [ValueId, ValueId]): [Place, Place] {
  const first = planner.first(a);
  return first.desc.type === 'f32' && packed(planner, first)
    ? [first, planner.as(b, first.desc)]
    : [planner.plain(a), planner.plain(b)];
}

function execute(planner: Planner, fn: Fn, [a, b, y]: readonly [Place, Place, Place]): void {
  const spec: BinarySpec = { kind: 'binary', fn, a: a.desc, b: b.desc, dst: y.desc };
  planner.execute(spec, planner.prepare(spec), { [ARG.src]: a, [ARG.src1]: b }, { [ARG.dst]: y });
}

/** A value of shape `to`, by a copy where it is repeated. */
function full(planner: Planner, value: ValueId, to: Shape): Place {
  const from = planner.shapeOf(value);
  const place = planner.plain(value);
  if (sizeOf(from) === sizeOf(to)) return place;
  const whole = planner.allocate(planner.rowMajor(to));
  expand(planner, place, { from, to }, whole);
  return whole;
}

/** y = fn(a, b), broadcast. */
export function arithmetic(planner: Planner, fn: Fn, inputs: readonly ValueId[], y: ValueId): void {
  const [a, b] = inputs as [ValueId, ValueId];
  const shape = planner.shapeOf(y);
  if (sameShape(planner.shapeOf(a), planner.shapeOf(b))) {
    const [left, right] = alike(planner, [a, b]);
    const dst = planner.outputOver(y, left);
    execute(planner, fn, [planner.flat(left), planner.flat(right), planner.flat(dst)]);
    return;
  }
  const other = exchanged[fn];
  const isWhole = (value: ValueId): boolean => sizeOf(planner.shapeOf(value)) === sizeOf(shape);
  if (other && !isWhole(a) && isWhole(b)) repeated(planner, other, [b, a], y);
  else repeated(planner, fn, [a, b], y);
}

/** The same where only b is repeated by the primitive. */
function repeated(planner: Planner, fn: Fn, [a, b]: readonly [ValueId, ValueId], y: ValueId): void {
  const shape = planner.shapeOf(y);
  const left = full(planner, a, shape);
  const dst = planner.output(y, planner.rowMajor(shape));
  const groups = repeatedGroups(planner.shapeOf(b), shape);
  const sizes = planner.rowMajor(groups.map(({ size }) => size));
  const right = planner.plain(b);
  const view = { ...right, desc: planner.rowMajor(keptSizes(groups)) };
  const spec: BinarySpec = { kind: 'binary', fn, a: sizes, b: view.desc, dst: sizes };
  const primitive = planner.prepare(spec);
  if (primitive.implementation.startsWith('ref')) {
    // The library's code for any pattern is fifty times slower than a copy.
    const whole = full(planner, b, shape);
    execute(planner, fn, [planner.flat(left), planner.flat(whole), planner.flat(dst)]);
    return;
  }
  const reads = { [ARG.src]: { ...left, desc: sizes }, [ARG.src1]: view };
  planner.execute(spec, primitive, reads, { [ARG.dst]: { ...dst, desc: sizes } });
}

/** The number that a value is, if it is a constant of one element. */
function numberOf(planner: Planner, value: ValueId): number | undefined {
  const maker = planner.usage.makerOf(value);
  return maker?.kind === 'constant' && sizeOf(maker.attributes.shape) === 1
    ? maker.attributes.data[0]
    : undefined;
}

type Scalar = Pick<EltwiseSpec, 'fn' | 'alpha' | 'beta'>;

/** fn(x, c) as a function of x. */
const withNumber: { readonly [F in BinaryFunction]?: (c: number) => Scalar } = {
  add: (c) => ({ fn: 'linear', alpha: 1, beta: c }),
  sub: (c) => ({ fn: 'linear', alpha: 1, beta: -c }),
  mul: (c) => ({ fn: 'linear', alpha: c, beta: 0 }),
  min: (c) => ({ fn: 'clip', alpha: Number.NEGATIVE_INFINITY, beta: c }),
  max: (c) => ({ fn: 'clip', alpha: c, beta: Number.POSITIVE_INFINITY }),
};

/** The function of one tensor that a function of a tensor and a constant number is. */
function scalarFunction(
  planner: Planner,
  fn: BinaryFunction,
  [a, b]: readonly ValueId[],
): { readonly x: ValueId; readonly scalar: Scalar } | undefined {
  const [left, right] = [numberOf(planner, a!), numberOf(planner, b!)];
  if (right !== undefined) {
    const scalar = withNumber[fn]?.(right);
    return scalar && { x: a!, scalar };
  }
  if (left === undefined) return undefined;
  if (fn === 'sub') return { x: b!, scalar: { fn: 'linear', alpha: -1, beta: left } };
  const scalar = fn === 'div' ? undefined : withNumber[fn]?.(left);
  return scalar && { x: b!, scalar };
}

/** y = fn(a, b) where one operand is a constant number and the other has y's shape: in whatever layout that is. */
export function withConstant(
  planner: Planner,
  fn: BinaryFunction,
  inputs: readonly ValueId[],
  y: ValueId,
): boolean {
  const found = scalarFunction(planner, fn, inputs);
  if (!found || !sameShape(planner.shapeOf(found.x), planner.shapeOf(y))) return false;
  const src = planner.first(found.x);
  const spec: EltwiseSpec = { kind: 'eltwise', pass: 'forward', ...found.scalar, data: src.desc };
  const dst = planner.outputOver(y, src);
  planner.execute(spec, planner.prepare(spec), { [ARG.src]: src }, { [ARG.dst]: dst });
  return true;
}
