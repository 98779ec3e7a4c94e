import type { ValueId } from '../../../../graph/program.js';
import type { Shape } from '../../../../graph/tensorType.js';
import type { ElementType } from '../../memoryDesc.js';
import type { Draft } from '../../plan/draft.js';
import type { Place } from '../../plan/place.js';
import { seen } from './rows.js';

/** The axes of a weight in the rows and columns of a matrix, those that lie side by side last; `taps` are a kernel's. */
export type WeightAxes = 'taps inputs × outputs' | 'taps outputs × inputs' | 'outputs × taps inputs';

/** The layout of a weight [O,C,kh,kw] that is such a matrix, and the matrix's rows and columns. */
export function weightMatrix(
  shape: Shape,
  axes: WeightAxes,
): { readonly strides: Shape; readonly matrix: Shape } {
  const [o, c, height, width] = shape as [number, number, number, number];
  const taps = height * width;
  switch (axes) {
    case 'taps inputs × outputs':
      return { strides: [1, o, width * c * o, c * o], matrix: [taps * c, o] };
    case 'taps outputs × inputs':
      return { strides: [c, 1, width * o * c, o * c], matrix: [taps * o, c] };
    case 'outputs × taps inputs':
      return { strides: [taps * c, 1, width * c, c], matrix: [o, taps * c] };
  }
}

/** A weight as a matrix. */
export function weightRows(draft: Draft, weight: ValueId, type: ElementType, axes: WeightAxes): Place {
  const shape = draft.shapeOf(weight);
  const { strides, matrix } = weightMatrix(shape, axes);
  const place = draft.places.as(weight, draft.dnnl.strided(shape, type, strides));
  return seen(place, draft.layouts.rowMajor(matrix, type));
}
