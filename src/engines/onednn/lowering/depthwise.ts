import type { ConvGeometry } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import { ARG } from '../dnnl.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
import type { ConvSpec } from '../primitiveSpec.js';
import { type ConvShapes, weightShape } from './convShapes.js';
import { cut, part, type Range } from './cut.js';

/** The widest depthwise kernel whose weight gradient the library has fast code for. */
const WIDEST = 3;

/**
 * Whether a convolution is depthwise with a kernel for whose weight gradient oneDNN 2.6.3 has reference code
 * alone: 117 ms for 5×5 on [32,240,28,28], where 3×3 takes 1.
 */
export function isWideDepthwise({ groups, dilation }: ConvGeometry, { x, weight }: ConvShapes): boolean {
  const [outputs, inputs, height, width] = weight as [number, number, number, number];
  const depthwise = groups > 1 && groups === outputs && inputs === 1 && groups === x[1];
  return (
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

/** The rows that a window's taps meet: output p's tap i is on row p·stride + start + i − padding. */
function rangeOf(start: number, outputs: number, stride: number, padding: number): Range {
  return { start: start - padding, size: (outputs - 1) * stride + WIDEST };
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
      const rowRange = rangeOf(top, rows, stride[0], padding[0]);
      const columnRange = rangeOf(left, columns, stride[1], padding[1]);
      const src = cut(draft, image, [rowRange, columnRange], (shape) => draft.layouts.images(shape));
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
