import type { ValueId } from '../../../../graph/program.js';
import type { Shape } from '../../../../graph/tensorType.js';
import type { ElementType } from '../../memoryDesc.js';
import type { Draft } from '../../plan/draft.js';
import type { Place } from '../../plan/place.js';
import type { Convolution } from '../../ways/way.js';
import { part } from '../cut.js';
import { multiply } from './multiply.js';
import { rowsOf, seen } from './rows.js';
import { weightRows } from './weightMatrix.js';

/** An input gradient's values. */
export interface InputGradientValues {
  readonly convolution: Convolution;
  readonly dy: ValueId;
  readonly weight: ValueId;
  readonly dx: ValueId;
}

/** The pixels of a row or column of dy whose tap `offset` meets dx: from the first, and how many. */
function meeting(
  offset: number,
  stride: number,
  size: number,
  pixels: number,
): [first: number, count: number] {
  const first = Math.max(0, Math.ceil(-offset / stride));
  const last = Math.min(pixels - 1, Math.floor((size - 1 - offset) / stride));
  return [first, last - first + 1];
}

/** The product of dy and the weight is a window of dx for each pixel of dy; the windows are added up, in f32. */
export function addWindows(
  draft: Draft,
  { convolution, dy, weight, dx }: InputGradientValues,
  type: ElementType,
): void {
  const { geometry, shapes } = convolution;
  const { stride, padding, dilation } = geometry;
  const [n, c, height, width] = shapes.x as [number, number, number, number];
  const [rows, columns] = shapes.y.slice(2) as [number, number];
  const [kernelHeight, kernelWidth] = shapes.weight.slice(2) as [number, number];
  const row = kernelHeight * kernelWidth * c;
  const windows = draft.buffers.allocate(draft.layouts.rowMajor([n * rows * columns, row]));
  const a = rowsOf(draft, dy, type, undefined);
  const b = weightRows(draft, weight, type, 'outputs × taps inputs');
  multiply(draft, { a, b, dst: windows }, true);
  const sum = zeros(draft, [n, c, roundUp(height, stride[0]), roundUp(width, stride[1])]);
  const [, , fullHeight, fullWidth] = sum.desc.shape as [number, number, number, number];
  for (let tap = 0; tap < kernelHeight * kernelWidth; tap++) {
    const top = Math.floor(tap / kernelWidth) * dilation[0] - padding[0];
    const left = (tap % kernelWidth) * dilation[1] - padding[1];
    const [y, h] = meeting(top, stride[0], height, rows);
    const [x, w] = meeting(left, stride[1], width, columns);
    if (h <= 0 || w <= 0) continue;
    const shape = [n, c, h, w];
    const from = draft.dnnl.strided(shape, 'f32', [rows * columns * row, 1, columns * row, row]);
    const line = fullWidth * c;
    const to = draft.dnnl.strided(shape, 'f32', [fullHeight * line, 1, stride[0] * line, stride[1] * c]);
    const source = seen(windows, from, (y * columns + x) * row + tap * c);
    const target = seen(sum, to, (y * stride[0] + top) * line + (x * stride[1] + left) * c);
    draft.steps.reorder(source, target, { sum: true });
  }
  const isWhole = fullHeight === height && fullWidth === width;
  draft.places.define(dx, isWhole ? sum : part(draft, sum, [0, 0, 0, 0], shapes.x));
}

/** Images of zeros, channels last, that are to be written. */
function zeros(draft: Draft, shape: Shape): Place {
  const place = draft.buffers.allocate(draft.layouts.channelsLast(shape, 'f32'));
  draft.steps.host({
    inputs: [],
    outputs: [draft.layouts.flat(place)],
    compute: (_, [numbers]) => numbers!.fill(0),
    mayBeFixed: false,
  });
  return place;
}

function roundUp(size: number, step: number): number {
  return Math.ceil(size / step) * step;
}
