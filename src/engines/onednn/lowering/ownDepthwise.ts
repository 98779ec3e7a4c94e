import type { ConvGeometry } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import type { Block } from '../dnnl.js';
import type { AxisGeometry } from '../kernels/depthwise/axis.js';
import {
  compileImages,
  type DepthwiseImages,
  type DepthwiseSource,
  fitsDepthwise,
} from '../kernels/depthwise/images.js';
import {
  compilePartsSum,
  compileWeightSums,
  type DepthwiseWeights,
  weightSums,
} from '../kernels/depthwise/weights.js';
import { leastDivisor } from '../kernels/divisors.js';
import type { Format } from '../kernels/numbers.js';
import type { MemoryDesc } from '../memoryDesc.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
import type { Convolution } from '../ways/way.js';
import { type ConvShapes, weightShape } from './convShapes.js';
import { biasInBlocks, inBlocks } from './convValues.js';
import { seen } from './product/rows.js';

/** Units of work to share out, where there are enough images: always the same for a shape. */
const LEAST_UNITS = 16;

function sourceOf(
  { stride, padding, dilation }: ConvGeometry,
  { x, weight, y }: ConvShapes,
  block: Block,
  format: Format,
): DepthwiseSource {
  const axis = (index: 0 | 1): AxisGeometry => ({
    inputs: x[2 + index]!,
    outputs: y[2 + index]!,
    kernel: weight[2 + index]!,
    stride: stride[index],
    padding: padding[index],
    dilation: dilation[index],
  });
  return {
    images: x[0]!,
    blocks: Math.ceil(x[1]! / block),
    lanes: block,
    format,
    rows: axis(0),
    columns: axis(1),
  };
}

/** Whether a convolution is depthwise, one result for each channel, and one that the kernels can compute. */
export function fitsDepthwiseKernels(geometry: ConvGeometry, shapes: ConvShapes, block: Block): boolean {
  const { x, weight } = shapes;
  const isDepthwise = geometry.groups === x[1] && geometry.groups === weight[0];
  return isDepthwise && geometry.groups > 1 && fitsDepthwise(sourceOf(geometry, shapes, block, 'f32'));
}

function blockOf({ layouts }: Draft): Block {
  if (layouts.block === undefined) throw new Error('depthwise kernels work on images in blocks');
  return layouts.block;
}

/** A convolution of images as the plan has them. */
function planned(draft: Draft, { geometry, shapes }: Convolution): DepthwiseSource {
  const format = draft.formatOf(draft.layouts.activation);
  if (format === undefined) throw new Error('depthwise kernels work on images in f32 or bf16');
  return sourceOf(geometry, shapes, blockOf(draft), format);
}

/** A vector of channels for each tap; channels that fill up the last block are zeros. */
function weightLayout(draft: Draft, { shapes, geometry }: Convolution): MemoryDesc {
  const { dnnl } = draft;
  return dnnl.named(weightShape(shapes.weight, geometry.groups), 'f32', `Abcde${blockOf(draft)}a`);
}

/** y from x, the weight and a bias, by our own kernel. */
export function ownDepthwiseForward(
  draft: Draft,
  convolution: Convolution,
  { x, weight, bias, y }: Record<'x' | 'weight' | 'y', ValueId> & { readonly bias?: ValueId | undefined },
): void {
  const added = bias === undefined ? undefined : biasInBlocks(draft, bias);
  computeImages(draft, convolution, 'forward', [x, weight, y], added);
}

/** dx from dy and the weight, by our own kernel. */
export function ownDepthwiseInputGradient(
  draft: Draft,
  convolution: Convolution,
  { dy, weight, dx }: Record<'dy' | 'weight' | 'dx', ValueId>,
): void {
  computeImages(draft, convolution, 'inputGradient', [dy, weight, dx]);
}

function computeImages(
  draft: Draft,
  convolution: Convolution,
  pass: DepthwiseImages['pass'],
  [images, weight, result]: readonly [ValueId, ValueId, ValueId],
  bias?: Place,
): void {
  const source = { ...planned(draft, convolution), pass, bias: bias !== undefined };
  const src = inBlocks(draft, images);
  const reads = [draft.places.as(weight, weightLayout(draft, convolution))];
  const dst = draft.places.output(result, draft.layouts.images(draft.shapeOf(result)));
  const places = { src, dst, bias, reads };
  draft.steps.kernel({ name: 'depthwise', source, compile: compileImages, places });
}

/** The gradients of the weight and a bias by our own kernels: sums over parts of the images, and their sum. */
export function ownDepthwiseGradients(
  draft: Draft,
  convolution: Convolution,
  { dy, x, dw, dbias }: Record<'dy' | 'x' | 'dw', ValueId> & { readonly dbias: ValueId | undefined },
): void {
  const { layouts, places, buffers, steps } = draft;
  const base = planned(draft, convolution);
  const bias = dbias !== undefined;
  const parts = leastDivisor(base.images, LEAST_UNITS / base.blocks);
  const source: DepthwiseWeights = { ...base, parts, bias };
  const [src, reads] = [inBlocks(draft, x), [inBlocks(draft, dy)]];
  const weights = places.output(dw, weightLayout(draft, convolution));
  const isWhole = source.parts === 1 && !bias;
  const sums = isWhole ? weights : buffers.allocate(layouts.rowMajor([weightSums(source)]));
  const ofImages = { src, dst: sums, reads };
  steps.kernel({ name: 'depthwise weights', source, compile: compileWeightSums, places: ofImages });
  if (isWhole) return;
  const biases = bias ? [buffers.allocate(layouts.rowMajor([source.blocks * source.lanes]))] : [];
  const ofParts = { src: sums, dst: weights, writes: biases };
  steps.kernel({ name: 'sum of parts', source, compile: compilePartsSum, places: ofParts });
  for (const place of biases) places.define(dbias!, seen(place, layouts.rowMajor(draft.shapeOf(dbias!)), 0));
}
