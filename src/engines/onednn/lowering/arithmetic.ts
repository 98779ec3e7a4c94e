/** Binary functions of large tensors that are not images in the same layout: by the library's binary primitive, row-major. */
import type { BinaryFunction, Comparison } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import { type Shape, sameShape, sizeOf } from '../../../graph/tensorType.js';
import { ARG } from '../dnnl.js';
import { elementBytes } from '../memoryDesc.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
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
function packed(draft: Draft, place: Place): Place | undefined {
  const { bytes, shape, type } = place.desc;
  return bytes === sizeOf(shape) * elementBytes[type] ? draft.layouts.flat(place) : undefined;
}

/** Operands of one shape: in the first's layout where nothing fills up blocks, which could become 0/0, else row-major. */
function alike(draft: Draft, [a, b]: readonly [ValueId, ValueId]): [Place, Place] {
  const first = draft.places.first(a);
  return first.desc.type === 'f32' && packed(draft, first)
    ? [first, draft.places.as(b, first.desc)]
    : [draft.places.plain(a), draft.places.plain(b)];
}

function execute(draft: Draft, fn: Fn, [a, b, y]: readonly [Place, Place, Place]): void {
  const spec: BinarySpec = { kind: 'binary', fn, a: a.desc, b: b.desc, dst: y.desc };
  draft.steps.primitive({ spec, reads: { [ARG.src]: a, [ARG.src1]: b }, writes: { [ARG.dst]: y } });
}

/** A value of shape `to`, by a copy where it is repeated. */
function full(draft: Draft, value: ValueId, to: Shape): Place {
  const from = draft.shapeOf(value);
  const place = draft.places.plain(value);
  if (sizeOf(from) === sizeOf(to)) return place;
  const whole = draft.buffers.allocate(draft.layouts.rowMajor(to));
  expand(draft, place, { from, to }, whole);
  return whole;
}

/** y = fn(a, b), broadcast. */
export function arithmetic(draft: Draft, fn: Fn, inputs: readonly ValueId[], y: ValueId): void {
  const [a, b] = inputs as [ValueId, ValueId];
  const shape = draft.shapeOf(y);
  if (sameShape(draft.shapeOf(a), draft.shapeOf(b))) {
    const [left, right] = alike(draft, [a, b]);
    const dst = draft.places.outputOver(y, left);
    execute(draft, fn, [draft.layouts.flat(left), draft.layouts.flat(right), draft.layouts.flat(dst)]);
    return;
  }
  const other = exchanged[fn];
  const isWhole = (value: ValueId): boolean => sizeOf(draft.shapeOf(value)) === sizeOf(shape);
  if (other && !isWhole(a) && isWhole(b)) repeated(draft, other, [b, a], y);
  else repeated(draft, fn, [a, b], y);
}

/** The same where only b is repeated by the primitive. */
function repeated(draft: Draft, fn: Fn, [a, b]: readonly [ValueId, ValueId], y: ValueId): void {
  const shape = draft.shapeOf(y);
  const left = full(draft, a, shape);
  const dst = draft.places.output(y, draft.layouts.rowMajor(shape));
  const groups = repeatedGroups(draft.shapeOf(b), shape);
  const sizes = draft.layouts.rowMajor(groups.map(({ size }) => size));
  const right = draft.places.plain(b);
  const view = { ...right, desc: draft.layouts.rowMajor(keptSizes(groups)) };
  const spec: BinarySpec = { kind: 'binary', fn, a: sizes, b: view.desc, dst: sizes };
  const primitive = draft.steps.prepare(spec);
  if (primitive.implementation.startsWith('ref')) {
    // The library's code for any pattern is fifty times slower than a copy.
    const whole = full(draft, b, shape);
    execute(draft, fn, [draft.layouts.flat(left), draft.layouts.flat(whole), draft.layouts.flat(dst)]);
    return;
  }
  const reads = { [ARG.src]: { ...left, desc: sizes }, [ARG.src1]: view };
  draft.steps.primitive({ spec, primitive, reads, writes: { [ARG.dst]: { ...dst, desc: sizes } } });
}

/** The number that a value is, if it is a constant of one element. */
function numberOf(draft: Draft, value: ValueId): number | undefined {
  const maker = draft.usage.makerOf(value);
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
  draft: Draft,
  fn: BinaryFunction,
  [a, b]: readonly ValueId[],
): { readonly x: ValueId; readonly scalar: Scalar } | undefined {
  const [left, right] = [numberOf(draft, a!), numberOf(draft, b!)];
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
  draft: Draft,
  fn: BinaryFunction,
  inputs: readonly ValueId[],
  y: ValueId,
): boolean {
  const found = scalarFunction(draft, fn, inputs);
  if (!found || !sameShape(draft.shapeOf(found.x), draft.shapeOf(y))) return false;
  const src = draft.places.first(found.x);
  const spec: EltwiseSpec = { kind: 'eltwise', pass: 'forward', ...found.scalar, data: src.desc };
  const dst = draft.places.outputOver(y, src);
  draft.steps.primitive({ spec, reads: { [ARG.src]: src }, writes: { [ARG.dst]: dst } });
  return true;
}
