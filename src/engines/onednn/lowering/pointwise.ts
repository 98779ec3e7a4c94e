import type { ValueId } from '../../../graph/program.js';
import { compilePointwiseGradient } from '../kernels/pointwiseGradient.js';
import {
  compilePointwiseImages,
  fitsPointwiseImages,
  type PointwiseImages,
} from '../kernels/pointwiseImages.js';
import { filledOutputs, fitsKernel, type PointwiseGradient, partsOf } from '../kernels/pointwiseShape.js';
import { compileSumOfParts, type SumOfParts } from '../kernels/sumOfParts.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
import type { Convolution, OwnPointwiseWay } from '../ways/way.js';
import type { ConvShapes } from './convShapes.js';
import { biasInBlocks, inBlocks } from './convValues.js';
import { seen } from './product/rows.js';

function sourceOf(
  { x, weight }: Pick<ConvShapes, 'x' | 'weight'>,
  type: PointwiseGradient['type'],
  hasBias: boolean,
): PointwiseGradient {
  const [images, inputs, height, width] = x as [number, number, number, number];
  return { type, images, pixels: height * width, inputs, outputs: weight[0]!, hasBias };
}

/** Whether our own kernel computes the weight gradient of a 1×1 convolution of these shapes. */
export function fitsPointwiseGradient(shapes: ConvShapes): boolean {
  return fitsKernel(sourceOf(shapes, 'f32', false));
}

/** A weight gradient's operands and results. */
interface Gradient {
  readonly x: ValueId;
  readonly dy: ValueId;
  readonly dw: ValueId;
  readonly dbias: ValueId | undefined;
}

/**
 * Adds the steps of a 1×1 convolution's gradients toward its weight and bias: sums of each part of the images, and then,
 * always in the same order, of the parts. The results are row-major, as updates want them.
 */
export function pointwiseWeightGradient(
  draft: Draft,
  { type }: OwnPointwiseWay,
  { x, dy, dw, dbias }: Gradient,
): void {
  const { layouts, buffers, places, steps } = draft;
  const shapes = { x: draft.shapeOf(x), weight: draft.shapeOf(dw) };
  const source = sourceOf(shapes, type, dbias !== undefined);
  const parts = partsOf(source);
  const [weights, biases] = [source.outputs * source.inputs, filledOutputs(source)];
  const room = (length: number): Place => buffers.allocate(layouts.rowMajor([length]));
  const weight = places.output(dw, layouts.rowMajor(draft.shapeOf(dw)));
  const bias = dbias === undefined ? undefined : room(biases);
  const sums = parts === 1 ? weight : room(parts * weights);
  const biasSums = parts === 1 ? bias : bias && room(parts * biases);
  steps.kernel({
    name: 'pointwise weight gradient',
    source,
    compile: compilePointwiseGradient,
    places: {
      src: inBlocks(draft, x, type),
      dst: sums,
      reads: [inBlocks(draft, dy, type)],
      writes: biasSums ? [biasSums] : [],
    },
    flops: 2 * weights * source.images * source.pixels,
  });
  if (parts > 1) {
    const others = bias && biasSums ? { reads: [biasSums], writes: [bias] } : {};
    const sum: SumOfParts = { parts, lengths: bias ? [weights, biases] : [weights] };
    const all = { src: sums, dst: weight, ...others };
    steps.kernel({ name: 'sum of parts', source: sum, compile: compileSumOfParts, places: all });
  }
  if (dbias !== undefined) places.define(dbias, seen(bias!, layouts.rowMajor([source.outputs])));
}

/** A forward pass, or an input gradient, by our own kernel in bf16. */
function imagesOf({ pass, shapes: { x, weight }, hasBias }: Convolution): PointwiseImages {
  const [images, inputs, height, width] = x as [number, number, number, number];
  const [outputs] = weight as [number];
  const [channels, results] = pass === 'inputGradient' ? [outputs, inputs] : [inputs, outputs];
  return { images, pixels: height * width, channels, results, hasBias };
}

/** Whether our own kernel computes a forward pass, or an input gradient, of a 1×1 convolution. */
export function fitsPointwise(convolution: Convolution): boolean {
  return fitsPointwiseImages(imagesOf(convolution));
}

/** What a forward pass, or an input gradient, reads and writes. */
interface ImageValues {
  readonly images: ValueId;
  readonly weight: ValueId;
  readonly bias?: ValueId | undefined;
  readonly result: ValueId;
}

/** Adds the step of a 1×1 convolution's result, or of the gradient toward its images, in bf16. */
export function pointwiseImages(
  draft: Draft,
  convolution: Convolution,
  { images, weight, bias, result }: ImageValues,
): void {
  const { dnnl, layouts, places, steps } = draft;
  const source = imagesOf(convolution);
  const isGradient = convolution.pass === 'inputGradient';
  const { shapes } = convolution;
  const name = isGradient ? 'BAcd8a16b2a' : 'ABcd8b16a2b';
  steps.kernel({
    name: 'pointwise',
    source,
    compile: compilePointwiseImages,
    places: {
      src: inBlocks(draft, images, 'bf16'),
      bias: bias === undefined ? undefined : biasInBlocks(draft, bias),
      reads: [places.as(weight, dnnl.named(shapes.weight, 'bf16', name))],
      dst: places.output(result, layouts.images(isGradient ? shapes.x : shapes.y, 'bf16')),
    },
    flops: 2 * source.channels * source.results * source.images * source.pixels,
  });
}
