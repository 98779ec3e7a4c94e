import type { ConvGeometry, Pair } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import { type Shape, sizeOf } from '../../../graph/tensorType.js';
import type { AnyEngineNode } from '../../fusion/node.js';
import { type DepthwiseSpec, depthwise, depthwiseWithSums, turnedFilter } from '../codegen/depthwise.js';
import { type Emitter, type Operand, UnevenLanes } from '../codegen/emitter.js';
import { bigReads, type Expression, fromStored, moved } from '../codegen/expression.js';
import { Index } from '../codegen/index.js';
import type { Stored } from '../codegen/stored.js';
import type { Draft } from '../plan/draft.js';
import { convolutionShapes, type Fusing, isFused as fuses } from './fusing.js';
import { overOutputs, type Sliding, type WindowPlace } from './window.js';

/** Whether every channel has a filter of its own, and gives one channel. */
export function isDepthwise(image: Shape, filter: Shape, { groups }: ConvGeometry): boolean {
  return groups > 1 && groups === image[1] && filter[0] === groups && filter[1] === 1;
}

/** Operations on all of a filter's places that an element may be computed again with. */
const MOST_WORK = 100;
/** Elements of a small tensor, at most. */
const MOST_ELEMENTS = 2 ** 22;

interface Shaped {
  readonly geometry: ConvGeometry;
  readonly result: Stored;
}

function sliding(geometry: ConvGeometry, filter: Shape): Sliding {
  return { ...geometry, size: [filter[0]!, filter[1]!] };
}

/**
 * A filter [C,1,kh,kw] as [kh,kw,C], so that neighbouring channels are read at once. It is made at the beginning of a step, beside
 * other work.
 */
export function filterByPlace(draft: Draft, weight: ValueId): Stored {
  const [channels, , height, width] = draft.shapeOf(weight) as readonly [number, number, number, number];
  return draft.once(`filter by place ${weight}`, () => {
    const filter = draft.storedAs(weight, 'f32');
    const storage = filter.buffer.storage === 'constant' ? 'constant' : 'transient';
    const turned = draft.buffers.tensor([height, width, channels], 'f32', { storage });
    draft.kernel(turnedFilter(filter, turned), [filter], [turned], 0);
    return turned;
  });
}

/** Index of a filter's element of a channel. */
function filterIndex([row, column]: WindowPlace['kernel'], channel: Index, filter: Shape): Index[] {
  return [Index.counter(row, filter[0]!), Index.counter(column, filter[1]!), channel];
}

/** A sum of products over the places of a window. */
function sumOfProducts(at: Emitter, each: (add: (a: Operand, b: Operand) => void) => void): Operand {
  const total = at.changing('0.0f');
  each((a, b) => {
    at.line(`LANES(${at.lanes}) ${total.text} += ${a.text} * ${b.text};`);
  });
  return total;
}

/** Adds a kernel of a depthwise convolution to a plan. */
function addDepthwise(draft: Draft, spec: DepthwiseSpec): void {
  const { image, filter, bias, result } = spec;
  const flops = 2 * sizeOf(result.shape) * filter.shape[0]! * filter.shape[1]!;
  const { multiprocessors } = draft.device;
  const reads = [...image.reads, filter, ...(bias ? [bias] : [])];
  draft.kernel(depthwise(spec, multiprocessors), reads, [result], flops);
  if (spec.isFused && result.strides[1] === 1)
    draft.keepOpen({ result, withSums: (along) => depthwiseWithSums(spec, multiprocessors, along) });
}

/** Whether a tensor is so small that a launch takes longer than reading it. */
function isSmall(shape: Shape): boolean {
  return sizeOf(shape) <= MOST_ELEMENTS;
}

/** Whether a node is a gradient of a depthwise convolution of small images, which computes what it reads. */
export function computesDepthwise(
  node: AnyEngineNode,
  shapeOf: (value: ValueId) => Shape,
  fusing: Fusing,
): boolean {
  const shapes = convolutionShapes(node, shapeOf);
  if (!shapes || node.kind === 'conv2d') return false;
  const { image, filter, result, geometry } = shapes;
  return (
    isDepthwise(image, filter, geometry) &&
    (node.kind === 'conv2dWeightGrad' || geometry.stride.every((stride) => stride === 1)) &&
    isSmall(result) &&
    fuses(image, result, fusing)
  );
}

/**
 * An image as a depthwise convolution reads it: computed again at each place of the filter where that is little work, since a launch
 * and a tensor less save more.
 */
function readAtPlaces(
  draft: Draft,
  value: ValueId,
  { places: [height, width], isFused }: { readonly places: Pair; readonly isFused: boolean },
): Expression {
  const expression = draft.expression(value);
  const reads = isSmall(expression.shape) ? 2 : 1;
  const isLittle = isFused && bigReads(expression) <= reads && expression.cost * height * width <= MOST_WORK;
  return expression.cost === 0 || isLittle ? expression : fromStored(draft.stored(value));
}

/** x [N,C,H,W] with weight [C,1,kh,kw]. */
export function depthwiseForward(
  draft: Draft,
  { x, weight, bias }: { readonly x: ValueId; readonly weight: ValueId; readonly bias?: ValueId | undefined },
  { geometry, result }: Shaped,
): void {
  const filter = filterByPlace(draft, weight);
  const added = bias === undefined ? undefined : draft.storedAs(bias, 'f32');
  const isFused = fuses(draft.shapeOf(x), result.shape, draft);
  const image = readAtPlaces(draft, x, { places: [filter.shape[0]!, filter.shape[1]!], isFused });
  addDepthwise(draft, { ...geometry, image, filter, bias: added, result, isFlipped: false, isFused });
}

/** dy [N,C,H',W'] with weight [C,1,kh,kw] → dx. */
export function depthwiseInputGrad(
  draft: Draft,
  dyValue: ValueId,
  weight: ValueId,
  { geometry, result }: Shaped,
): void {
  const filter = filterByPlace(draft, weight);
  const { stride, padding, dilation } = geometry;
  if (stride.every((s) => s === 1)) {
    const isFused = fuses(result.shape, draft.shapeOf(dyValue), draft);
    const image = readAtPlaces(draft, dyValue, { places: [filter.shape[0]!, filter.shape[1]!], isFused });
    // The convolution of dy with the filter turned round.
    const turned = ([0, 1] as const).map((i) => dilation[i] * (filter.shape[i]! - 1) - padding[i]);
    const flipped = { ...geometry, padding: turned as [number, number], isFlipped: true };
    addDepthwise(draft, { ...flipped, image, filter, result, isFused });
    return;
  }
  const dy = draft.stored(dyValue);
  const [reads, weights] = [fromStored(dy), fromStored(filter)];
  const expression = moved([reads, weights], result.shape, (at, [n, c, h, w]) =>
    sumOfProducts(at, (add) => {
      const output = [dy.shape[2]!, dy.shape[3]!] as const;
      overOutputs(at, sliding(geometry, filter.shape), [h!, w!], output, ({ kernel, row, column }) =>
        add(reads.load(at, [n!, c!, row, column]), weights.load(at, filterIndex(kernel, c!, filter.shape))),
      );
    }),
  );
  draft.store([{ expression, target: result }]);
}

/** Filter elements that one launch adds up at most: each takes a register a lane. */
const MOST_SUMS = 9;

/** dy [N,C,H',W'] and x [N,C,H,W] → the gradient toward weight [C,1,kh,kw]: a sum over images and places for each of its elements. */
export function depthwiseWeightGrad(
  draft: Draft,
  {
    dy: dyValue,
    x: xValue,
    value,
    geometry,
  }: { dy: ValueId; x: ValueId; value: ValueId; geometry: ConvGeometry },
): void {
  const isFused = fuses(draft.shapeOf(xValue), draft.shapeOf(dyValue), draft);
  const dy = readAtPlaces(draft, dyValue, { places: [1, 1], isFused });
  const target = draft.output(value, 'f32');
  const [, , ...size] = target.shape as readonly [number, number, number, number];
  const x = readAtPlaces(draft, xValue, { places: size, isFused });
  const [channels, , height, width] = target.shape as readonly [number, number, number, number];
  const places = Array.from(
    { length: height * width },
    (_, i) => [Math.floor(i / width), i % width] as const,
  );
  for (let from = 0; from < places.length; from += MOST_SUMS) {
    const chosen = places.slice(from, from + MOST_SUMS);
    draft.reduce({
      shape: dy.shape,
      axes: [0, 2, 3],
      reads: [dy, x],
      accumulators: chosen.map((place) => ({
        combination: 'sum',
        term: (at, index) => product(at, { dy, x, index, place, geometry }),
      })),
      results: chosen.map(([row, column], i) => ({
        target: {
          ...target,
          shape: [1, channels, 1, 1],
          strides: [0, target.strides[0]!, 0, 0],
          offset: row * target.strides[2]! + column * target.strides[3]!,
        },
        value: (_, totals) => totals[i]!,
      })),
    });
  }
}

interface ProductPlace {
  readonly dy: Expression;
  readonly x: Expression;
  readonly index: readonly Index[];
  readonly place: readonly [number, number];
  readonly geometry: ConvGeometry;
}

/** dy times the element of x that a filter's element meets there; 0 in the padding, in place of which the border is read. */
function product(at: Emitter, { dy, x, index, place, geometry }: ProductPlace): Operand {
  const [n, c, h, w] = index as readonly [Index, Index, Index, Index];
  const along = (i: 0 | 1, position: Index): { readonly index: Index; readonly within: string } => {
    if (position.isLaned()) throw new UnevenLanes();
    const moved = position
      .times(geometry.stride[i])
      .plus(place[i] * geometry.dilation[i] - geometry.padding[i]);
    const size = x.shape[i + 2]!;
    const wanted = moved.text('first');
    const { text } = at.value(`min(max(${wanted}, 0), ${size - 1})`, false, 'int');
    return { index: Index.counter(text, size), within: `${text} == ${wanted}` };
  };
  const [row, column] = [along(0, h), along(1, w)];
  const image = x.load(at, [n, c, row.index, column.index]);
  return at.apply(
    [dy.load(at, index), image],
    (a, b) => `(${row.within} && ${column.within} ? ${a} * ${b} : 0.0f)`,
  );
}
