import { type Shape, stridesOf } from '../../graph/tensorType.js';

/** Strides of a tensor of `shape` that is read as if it were broadcast to `to`: 0 along repeated axes. */
export function broadcastStrides(shape: Shape, to: Shape): number[] {
  const strides = stridesOf(shape);
  const missing = to.length - shape.length;
  return to.map((_, axis) => (axis < missing || shape[axis - missing] === 1 ? 0 : strides[axis - missing]!));
}

/** Where a row of several operands lies: element i of operand k is at `offsets[k] + i·steps[k]`. */
export interface Row {
  readonly offsets: readonly number[];
  readonly steps: readonly number[];
  readonly count: number;
}

/**
 * Visits all elements of `shape` in row-major order, as rows that are as long as the operands' strides
 * allow. The row is the same object each time, with other offsets.
 *
 * @param strides of each operand, one per axis of `shape`
 */
export function forEachRow(
  shape: Shape,
  strides: readonly (readonly number[])[],
  visit: (row: Row) => void,
): void {
  if (shape.includes(0)) return;
  const merged = mergeAxes(shape, strides);
  const last = merged.sizes.length - 1;
  const offsets = strides.map(() => 0);
  const row: Row = { offsets, steps: merged.strides.map((s) => s[last]!), count: merged.sizes[last]! };
  const index = merged.sizes.map(() => 0);
  for (;;) {
    visit(row);
    let axis = last - 1;
    while (axis >= 0 && ++index[axis]! === merged.sizes[axis]) {
      merged.strides.forEach((s, k) => {
        offsets[k]! -= s[axis]! * (merged.sizes[axis]! - 1);
      });
      index[axis--] = 0;
    }
    if (axis < 0) return;
    const moved = axis;
    merged.strides.forEach((s, k) => {
      offsets[k]! += s[moved]!;
    });
  }
}

/** Joins neighbouring axes that every operand steps through evenly; at least one axis is left. */
function mergeAxes(
  shape: Shape,
  strides: readonly (readonly number[])[],
): { readonly sizes: number[]; readonly strides: number[][] } {
  const sizes: number[] = [];
  const merged: number[][] = strides.map(() => []);
  shape.forEach((size, axis) => {
    if (size === 1) return;
    const previous = sizes.length - 1;
    if (previous >= 0 && strides.every((s, k) => merged[k]![previous] === s[axis]! * size)) {
      sizes[previous]! *= size;
      for (const [k, s] of strides.entries()) merged[k]![previous] = s[axis]!;
    } else {
      sizes.push(size);
      for (const [k, s] of strides.entries()) merged[k]!.push(s[axis]!);
    }
  });
  if (sizes.length > 0) return { sizes, strides: merged };
  return { sizes: [1], strides: strides.map(() => [0]) };
}
