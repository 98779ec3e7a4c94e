import type { ConvGeometry } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import type { Shape } from '../../../graph/tensorType.js';
import { ARG } from '../dnnl.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
import type { ConvSpec } from '../primitiveSpec.js';
import { type ConvShapes, weightShape } from './convShapes.js';

/** The widest depthwise kernel whose weight gradient the library has fast code for. */
const WIDEST = 3;

/**
 * Whether a convolution is depthwise with a kernel for whose weight gradient oneDNN 2.6.3 has reference code
 * alone: 117 ms for 5×5 on [32,240,28,28], where 3×3 takes 1.
 */
export function isWideDepthwise(
  draft: Draft,
  { groups, dilation }: ConvGeometry,
  { x, weight }: ConvShapes,
): boolean {
  const [outputs, inputs, height, width] = weight as [number, number, number, number];
  const depthwise = groups === outputs && inputs === 1 && groups === x[1];
  return (
    draft.layouts.block !== undefined &&
    depthwise &&
    Math.max(...dilation) === 1 &&
    Math.min(height, width) >= WIDEST &&
    Math.max(height, width) > WIDEST
  );
}

/** Where windows of {@link WIDEST} begin that cover a kernel's axis; the last two may overlap. */
function windowStarts(size: number): number[] {
  const starts: number[] = [];
  for (let start = 0; start < size - WIDEST; start += WIDEST) starts.push(start);
  return [...starts, size - WIDEST];
}

/** A range of rows or columns: of the image, where negative ones and those beyond its end are zeros. */
interface Range {
  readonly start: number;
  readonly size: number;
}

/** The rows that a window's taps meet: output p's tap i is on row p·stride + start + i − padding. */
function rangeOf(start: number, outputs: number, stride: number, padding: number): Range {
  return { start: start - padding, size: (outputs - 1) * stride + WIDEST };
}

function part(draft: Draft, whole: Place, offsets: Shape, shape: Shape): Place {
  const desc = draft.dnnl.part(whole.desc, shape, offsets);
  if (!desc) throw new Error(`${whole.desc.layout} has no part [${shape.join()}] from [${offsets.join()}]`);
  return { ...whole, desc, isPart: true };
}

/** Copies rows × columns of an image into a new one, with zeros for what lies outside. */
function cut(draft: Draft, image: Place, rows: Range, columns: Range): Place {
  const [n, c, height, width] = image.desc.shape as [number, number, number, number];
  const copy = draft.buffers.allocate(draft.layouts.images([n, c, rows.size, columns.size]));
  const inside = (range: Range, length: number): [start: number, end: number] => [
    Math.max(0, -range.start),
    Math.min(range.size, length - range.start),
  ];
  const [top, bottom] = inside(rows, height);
  const [left, right] = inside(columns, width);
  const zero = (y: number, x: number, h: number, w: number): void => {
    if (h <= 0 || w <= 0) return;
    draft.steps.reorder(
      draft.buffers.zeros(draft.layouts.images([n, c, h, w])),
      part(draft, copy, [0, 0, y, x], [n, c, h, w]),
    );
  };
  const shape = [n, c, bottom - top, right - left];
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

/**
 * The weight gradient of a depthwise convolution with a wide kernel: each window of 3×3 taps is the gradient
 * of a convolution with that kernel on a cut of the image.
 */
export function wideDepthwiseGradient(
  draft: Draft,
  { stride, padding, groups }: ConvGeometry,
  values: { readonly dy: ValueId; readonly x: ValueId; readonly dw: ValueId },
): void {
  const [, , height, width] = draft.shapeOf(values.dw) as [number, number, number, number];
  const dst = draft.places.as(values.dy, draft.layouts.images(draft.shapeOf(values.dy)));
  const image = draft.places.as(values.x, draft.layouts.images(draft.shapeOf(values.x)));
  const [, , rows, columns] = dst.desc.shape as [number, number, number, number];
  const whole = draft.places.output(
    values.dw,
    draft.layouts.rowMajor(weightShape(draft.shapeOf(values.dw), groups)),
  );
  for (const top of windowStarts(height)) {
    for (const left of windowStarts(width)) {
      const src = cut(
        draft,
        image,
        rangeOf(top, rows, stride[0], padding[0]),
        rangeOf(left, columns, stride[1], padding[1]),
      );
      const window = part(draft, whole, [0, 0, 0, top, left], [groups, 1, 1, WIDEST, WIDEST]);
      windowGradient(draft, stride, { src, dst, window });
    }
  }
}

function windowGradient(
  draft: Draft,
  strides: ConvGeometry['stride'],
  { src, dst, window }: { readonly src: Place; readonly dst: Place; readonly window: Place },
): void {
  const spec: ConvSpec = {
    kind: 'convolution',
    pass: 'weightGradient',
    src: src.desc,
    weights: draft.dnnl.any(window.desc.shape, 'f32'),
    dst: dst.desc,
    strides,
    dilation: [1, 1],
    paddingBegin: [0, 0],
    paddingEnd: [0, 0],
  };
  const primitive = draft.steps.prepare(spec);
  const gradient = draft.buffers.allocate(primitive.desc('diffWeights')!);
  draft.steps.primitive({
    spec,
    primitive,
    reads: { [ARG.src]: src, [ARG.diffDst]: dst },
    writes: { [ARG.diffWeights]: gradient },
  });
  draft.steps.reorder(gradient, window);
}
