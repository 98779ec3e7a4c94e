import { type Shape, sizeOf } from '../../../graph/tensorType.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';

/** Neighbouring axes as one, all of them marked or none. */
export interface AxisGroup {
  readonly size: number;
  readonly marked: boolean;
}

/** The axes of a shape, joined where neighbours are marked alike; axes of size 1 belong to any group. */
export function axisGroups(shape: Shape, isMarked: (axis: number) => boolean): AxisGroup[] {
  const groups: AxisGroup[] = [];
  shape.forEach((size, axis) => {
    if (size === 1) return;
    const marked = isMarked(axis);
    const last = groups.at(-1);
    if (last?.marked === marked) groups[groups.length - 1] = { size: last.size * size, marked };
    else groups.push({ size, marked });
  });
  return groups.length > 0 ? groups : [{ size: 1, marked: false }];
}

/** The axes of `to`, marked where a tensor of shape `from` is repeated. */
export function repeatedGroups(from: Shape, to: Shape): AxisGroup[] {
  const missing = to.length - from.length;
  return axisGroups(to, (axis) => axis < missing || from[axis - missing] === 1);
}

/** The divisor of `count` that is not below its square root and nearest to it. */
export function nearRoot(count: number): number {
  let divisor = Math.ceil(Math.sqrt(count));
  while (count % divisor !== 0) divisor++;
  return divisor;
}

/** Sizes of groups where those that are marked have size 1. */
export function keptSizes(groups: readonly AxisGroup[]): number[] {
  return groups.map(({ size, marked }) => (marked ? 1 : size));
}

/** Copies a row-major place, repeated along the marked groups, into another: a reorder whose source has strides of 0. */
function repeatInto(draft: Draft, src: Place, groups: readonly AxisGroup[], dst: Place): void {
  const sizes = groups.map(({ size }) => size);
  const strides: number[] = [];
  let stride = 1;
  for (const { size, marked } of [...groups].reverse()) {
    strides.unshift(marked ? 0 : stride);
    if (!marked) stride *= size;
  }
  const type = src.desc.type;
  const view = draft.dnnl.strided(sizes, type, strides);
  draft.steps.reorder({ ...src, desc: view }, { ...dst, desc: draft.layouts.rowMajor(sizes, type) });
}

/** A row-major place of shape `from`, repeated to `to`, in `dst`. */
export function expand(
  draft: Draft,
  src: Place,
  { from, to }: { readonly from: Shape; readonly to: Shape },
  dst: Place,
): void {
  const groups = repeatedGroups(from, to);
  const [only] = groups;
  if (groups.length > 1 || !only!.marked) {
    repeatInto(draft, src, groups, dst);
    return;
  }
  // One number: a row of it first, for the library copies rows fast but not single numbers.
  const columns = nearRoot(sizeOf(to));
  const row = draft.buffers.allocate(draft.layouts.rowMajor([columns], src.desc.type));
  repeatInto(draft, src, [{ size: columns, marked: true }], row);
  const rows = { size: sizeOf(to) / columns, marked: true };
  repeatInto(draft, row, [rows, { size: columns, marked: false }], dst);
}
