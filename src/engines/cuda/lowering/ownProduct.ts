import type { ConvGeometry } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import type { Shape } from '../../../graph/tensorType.js';
import { sizeOf } from '../../../graph/tensorType.js';
import type { AnyEngineNode } from '../../fusion/node.js';
import { bigReads, type Expression, fromStored } from '../codegen/expression.js';
import { withFewerLanes } from '../codegen/pointwise.js';
import {
  type FilterProduct,
  filterProduct,
  partsOfFilterProduct,
  sumOfParts,
} from '../codegen/product/filterProduct.js';
import { type ImageProduct, imageProduct } from '../codegen/product/imageProduct.js';
import { lanesOf } from '../codegen/product/panel.js';
import type { Stored } from '../codegen/stored.js';
import type { Draft } from '../plan/draft.js';
import { convolutionShapes, type Fusing, isFused } from './fusing.js';

/** Channels, fewest: less fills no piece of the tensor cores. */
const FEWEST_CHANNELS = 16;
/** Elements of a filter, at most: larger products are bound by arithmetic, at which the libraries are better. */
const MOST_WEIGHTS = 2 ** 18;
/** Tiles that may compute an operand again each; for more it is written once. */
const MOST_TIMES = 2;

/**
 * Whether a convolution of single pixels is a kernel of our own: what it reads is computed on the way to the tensor cores, and what is
 * added up of its results (a normalisation's statistics, or the sums of its gradient) on the way to memory.
 */
export function isOwnConvolution(
  image: Shape,
  filter: Shape,
  { stride, padding, groups }: ConvGeometry,
  fusing: Fusing,
): boolean {
  const [outputs, inputs, height, width] = filter as readonly [number, number, number, number];
  return (
    fusing.arithmetic === 'bf16' &&
    groups === 1 &&
    height * width === 1 &&
    [...stride, ...padding].join() === '1,1,0,0' &&
    sizeOf(image) > image[0]! * image[1]! &&
    [outputs, inputs].every((channels) => channels >= FEWEST_CHANNELS && channels % 2 === 0) &&
    outputs * inputs <= MOST_WEIGHTS &&
    isFused(image, image.with(1, outputs), fusing)
  );
}

/** Whether a node is {@link isOwnConvolution}, or a gradient of one. */
export function isOwnProduct(
  node: AnyEngineNode,
  shapeOf: (value: ValueId) => Shape,
  fusing: Fusing,
): boolean {
  const shapes = convolutionShapes(node, shapeOf);
  return shapes !== undefined && isOwnConvolution(shapes.image, shapes.filter, shapes.geometry, fusing);
}

/** An image as a product reads it. */
interface Operand {
  readonly image: Expression;
  /** Neighbouring channels that a thread computes at once. */
  readonly lanes: number;
}

/** An operand that so many tiles read. */
function operandOf(draft: Draft, value: ValueId, tiles: number): Operand {
  const expression = draft.expression(value);
  const isWorth = expression.cost === 0 || (bigReads(expression) <= 2 && tiles <= MOST_TIMES);
  const lanes = isWorth ? lanesOf(expression) : undefined;
  if (lanes !== undefined) return { image: expression, lanes };
  const image = fromStored(draft.stored(value));
  return { image, lanes: lanesOf(image)! };
}

interface Operands {
  readonly image: ValueId;
  readonly filter: ValueId;
  readonly isTransposed: boolean;
  readonly bias?: ValueId | undefined;
}

/** Adds the product of every pixel's channels and a filter. */
export function addImageProduct(
  draft: Draft,
  { image: imageValue, filter: filterValue, isTransposed, bias: biasValue }: Operands,
  result: Stored,
): void {
  const channels = result.shape[1]!;
  const filter = draft.storedAs(filterValue, 'bf16');
  const bias = biasValue === undefined ? undefined : draft.storedAs(biasValue, 'f32');
  const { image, lanes: own } = operandOf(draft, imageValue, Math.ceil(channels / 128));
  const lanes = { image: own, filter: lanesOf(fromStored(filter))!, result: lanesOf(fromStored(result))! };
  const spec: ImageProduct = { image, filter, isTransposed, bias, result, lanes };
  const { multiprocessors } = draft.device;
  const reads = [...image.reads, filter, ...(bias ? [bias] : [])];
  const flops = 2 * sizeOf(result.shape) * image.shape[1]!;
  draft.kernel(imageProduct(spec, multiprocessors), reads, [result], flops);
  draft.keepOpen({
    result,
    withSums: (along) =>
      withFewerLanes(lanes.result, (count) =>
        imageProduct({ ...spec, lanes: { ...lanes, result: count } }, multiprocessors, along),
      ),
  });
}

/** Adds the gradient toward a filter. */
export function addFilterProduct(draft: Draft, dy: ValueId, x: ValueId, value: ValueId): void {
  const [outputs, inputs] = [draft.shapeOf(dy)[1]!, draft.shapeOf(x)[1]!];
  const gradient = operandOf(draft, dy, Math.ceil(inputs / 128));
  const image = operandOf(draft, x, Math.ceil(outputs / 128));
  const spec: FilterProduct = {
    ...{ gradient: gradient.image, image: image.image },
    lanes: { gradient: gradient.lanes, image: image.lanes },
  };
  const { multiprocessors } = draft.device;
  const parts = partsOfFilterProduct(spec, multiprocessors);
  const sums = draft.buffers.tensor([parts, outputs, inputs], 'f32');
  const target = draft.output(value, 'f32');
  const flops = 2 * sizeOf(draft.shapeOf(dy)) * inputs;
  const reads = [...spec.gradient.reads, ...spec.image.reads];
  draft.kernel(filterProduct(spec, sums, multiprocessors), reads, [sums], flops);
  draft.finishLater(value, sums.buffer.bytes, () =>
    draft.kernel(sumOfParts(sums, target, parts), [sums], [target], sizeOf(sums.shape)),
  );
}
