import { type Shape, sizeOf } from '../../../graph/tensorType.js';
import type { MemoryDesc } from '../memoryDesc.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';

/** A range of rows or columns: of the image, where negative ones and those beyond its end are zeros. */
export interface Range {
  readonly start: number;
  readonly size: number;
}

/** Part of a place; its layout must have a descriptor for it. */
export function part(draft: Draft, whole: Place, offsets: Shape, shape: Shape): Place {
  const desc = draft.dnnl.part(whole.desc, shape, offsets);
  if (!desc) throw new Error(`${whole.desc.layout} has no part [${shape.join()}] from [${offsets.join()}]`);
  return { ...whole, desc, isPart: true };
}

/**
 * Copies rows × columns of an image into a new one, with zeros for what lies outside.
 *
 * @param layout of images of a shape, in the image's element type
 */
export function cut(
  draft: Draft,
  image: Place,
  [rows, columns]: readonly [Range, Range],
  layout: (shape: Shape) => MemoryDesc,
): Place {
  const [n, c, height, width] = image.desc.shape as [number, number, number, number];
  const copy = draft.buffers.allocate(layout([n, c, rows.size, columns.size]));
  const inside = ({ start, size }: Range, length: number): [start: number, end: number] => {
    const within = (at: number): number => Math.min(size, Math.max(0, at));
    return [within(-start), within(length - start)];
  };
  const [top, bottom] = inside(rows, height);
  const [left, right] = inside(columns, width);
  const zero = (y: number, x: number, h: number, w: number): void => {
    if (h <= 0 || w <= 0) return;
    draft.steps.reorder(
      draft.buffers.zeros(layout([n, c, h, w])),
      part(draft, copy, [0, 0, y, x], [n, c, h, w]),
    );
  };
  const shape = [n, c, bottom - top, right - left];
  if (sizeOf(shape) > 0)
    draft.steps.reorder(
      part(draft, image, [0, 0, rows.start + top, columns.start + left], shape),
      part(draft, copy, [0, 0, top, left], shape),
    );
  zero(0, 0, top, columns.size);
  zero(bottom, 0, rows.size - bottom, columns.size);
  zero(top, 0, bottom - top, left);
  zero(top, right, bottom - top, columns.size - right);
  return copy;
}
