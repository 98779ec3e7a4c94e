import type { ConvGeometry } from '../../../../graph/op.js';
import type { Shape } from '../../../../graph/tensorType.js';
import { ARG } from '../../dnnl.js';
import { winograd } from '../../kernels/winogradMatrices.js';
import type { MemoryDesc } from '../../memoryDesc.js';
import type { Place } from '../../plan/place.js';
import type { Planner } from '../../plan/planner.js';
import type { ConvSpec, DescRole, Primitive } from '../../primitiveSpec.js';
import type { ConvShapes } from '../convShapes.js';
import { BLOCK, GAP, KERNEL, POINTS, Tiling } from './tiling.js';
import {
  allocatePoints,
  type Ending,
  picturesToTiles,
  pointOf,
  pointsToWeights,
  tilesToPictures,
  weightsToPoints,
} from './transforms.js';

/** Displacements in machine code are of 32 bits. */
const LARGEST = 2 ** 31;

/** Fewest channels, of either side, that the transforms of pictures pay from. */
const LEAST_CHANNELS = 32;

/**
 * Whether a convolution is computed by our own transforms and the library's 1×1 convolutions: oneDNN has
 * Winograd's algorithm for AVX512 alone, and in version 2 alone.
 */
export function isOwnWinograd(
  { usesKernels, activation }: Planner,
  { stride, padding, groups }: ConvGeometry,
  { x, weight }: ConvShapes,
): boolean {
  const [outputs, inputs, ...kernel] = weight as [number, number, number, number];
  const fits =
    usesKernels &&
    activation === 'f32' &&
    groups === 1 &&
    [...kernel, ...stride, ...padding].join() === '3,3,1,1,1,1' &&
    outputs % BLOCK === 0 &&
    inputs % BLOCK === 0;
  const channels = Math.max(outputs, inputs);
  return (
    fits &&
    Math.min(outputs, inputs) >= LEAST_CHANNELS &&
    POINTS ** 2 * (Tiling.of(x).bytes(channels) + GAP) < LARGEST
  );
}

/** The layouts of weights in blocks that 1×1 convolutions choose; the order within a block is all the same to us. */
const weightLayouts = ['ABcd8b8a', 'ABcd8a8b'] as const;

/** The layout of 3×3 weights whose blocks are like those of 1×1 weights. */
function likeBlocks(planner: Planner, { layout, shape }: MemoryDesc): MemoryDesc {
  const known = weightLayouts.find((name) => name === layout);
  if (!known) throw new Error(`1×1 weights lie as ${layout}, not in blocks of 8×8`);
  return planner.dnnl.named([shape[0]!, shape[1]!, KERNEL, KERNEL], 'f32', known);
}

interface PointProducts {
  readonly spec: ConvSpec;
  readonly primitive: Primitive;
}

/** The product of a point's tiles with its weights, over all channels, as a 1×1 convolution of one long picture. */
function prepareProducts(planner: Planner, pass: ConvSpec['pass'], { x, weight }: ConvShapes): PointProducts {
  const { count } = Tiling.of(x);
  const [outputs, inputs] = weight as [number, number];
  const { dnnl } = planner;
  const spec: ConvSpec = {
    kind: 'convolution',
    pass,
    src: dnnl.named([1, inputs, 1, count], 'f32', 'aBcd8b'),
    weights: dnnl.any([outputs, inputs, 1, 1], 'f32'),
    dst: dnnl.named([1, outputs, 1, count], 'f32', 'aBcd8b'),
    strides: [1, 1],
    paddingBegin: [0, 0],
    paddingEnd: [0, 0],
  };
  return { spec, primitive: planner.prepare(spec) };
}

/** Executes a product for every point. */
function executeProducts(
  planner: Planner,
  { spec, primitive }: PointProducts,
  operands: readonly (readonly [arg: number, role: DescRole, points: Place])[],
): void {
  for (let point = 0; point < POINTS ** 2; point++) {
    const places = operands.map(
      ([arg, role, points]) => [arg, pointOf(points, point, primitive.desc(role)!)] as const,
    );
    planner.execute(
      spec,
      primitive,
      Object.fromEntries(places.slice(0, -1)),
      Object.fromEntries(places.slice(-1)),
    );
  }
}

/** A convolution's pictures (x, or dy) in blocks, and its weight in a layout that is asked for. */
export interface WinogradOperands {
  readonly pictures: Place;
  readonly weight: (desc: MemoryDesc) => Place;
  readonly shapes: ConvShapes;
}

/** Tiles of a group of pictures, and their results, take about so many bytes: the last cache holds them. */
const GROUP_BYTES = 12 * 2 ** 20;

/** The largest part of a batch that divides it and whose tiles stay in a cache. */
function groupSize({ x, weight }: ConvShapes): number {
  const batch = x[0]!;
  const perPicture = POINTS ** 2 * Tiling.of([1, ...x.slice(1)]).bytes(weight[0]! + weight[1]!);
  const fitting = Math.max(1, Math.floor(GROUP_BYTES / perPicture));
  for (let size = Math.min(batch, fitting); size > 1; size--) if (batch % size === 0) return size;
  return 1;
}

/** Pictures `first` to `first + size` of a batch. */
function picturesOf(planner: Planner, place: Place, first: number, size: number): Place {
  const [batch, ...picture] = place.desc.shape;
  const bytes = place.desc.bytes / batch!;
  return { ...place, desc: planner.pictures([size, ...picture]), offset: place.offset + first * bytes };
}

/** From pictures to pictures, group by group: tiles, products with the weights, pictures. */
function convolveGroups(
  planner: Planner,
  pass: 'training' | 'inputGradient',
  { pictures, weight, shapes }: WinogradOperands,
  dst: Place,
  { addend, ...ending }: Ending,
): void {
  const size = groupSize(shapes);
  const part = (shape: Shape): Shape => [size, ...shape.slice(1)];
  const products = prepareProducts(planner, pass, { ...shapes, x: part(shapes.x) });
  const point = products.primitive.desc('weights')!;
  const isGradient = pass === 'inputGradient';
  const weights = weightsToPoints(planner, weight(likeBlocks(planner, point)), point, isGradient);
  const roles = isGradient
    ? ([ARG.diffDst, 'diffDst', ARG.diffSrc, 'diffSrc'] as const)
    : ([ARG.src, 'src', ARG.dst, 'dst'] as const);
  for (let first = 0; first < shapes.x[0]!; first += size) {
    const group = (place: Place): Place => picturesOf(planner, place, first, size);
    const tiles = picturesToTiles(planner, group(pictures), winograd.input);
    const results = allocatePoints(planner, Tiling.of(part(shapes.x)).bytes(dst.desc.shape[1]!));
    executeProducts(planner, products, [
      [roles[0], roles[1], tiles],
      [ARG.weights, 'weights', weights],
      [roles[2], roles[3], results],
    ]);
    tilesToPictures(planner, results, group(dst), { ...ending, addend: addend && group(addend) });
  }
}

/** y = conv(x, weight), ended as told, into `dst`, which may be the addend's memory. */
export function winogradForward(
  planner: Planner,
  operands: WinogradOperands,
  dst: Place,
  ending: Ending,
): void {
  convolveGroups(planner, 'training', operands, dst, ending);
}

/** The gradient toward x: a convolution of dy with the turned kernels. */
export function winogradInputGradient(planner: Planner, operands: WinogradOperands, dst: Place): void {
  convolveGroups(planner, 'inputGradient', operands, dst, {});
}

/** The gradient toward the weight: Gᵀ[Σ (Bᵀ·d·B) ⊙ (A·dy·Aᵀ)]G over all tiles. */
export function winogradWeightGradient(
  planner: Planner,
  {
    pictures,
    gradient,
    shapes,
  }: { readonly pictures: Place; readonly gradient: Place; readonly shapes: ConvShapes },
): Place {
  const products = prepareProducts(planner, 'weightGradient', shapes);
  const point = products.primitive.desc('diffWeights')!;
  const tiles = picturesToTiles(planner, pictures, winograd.input);
  const gradients = picturesToTiles(planner, gradient, winograd.outputGradient);
  const points = allocatePoints(planner, point.bytes);
  executeProducts(planner, products, [
    [ARG.src, 'src', tiles],
    [ARG.diffDst, 'diffDst', gradients],
    [ARG.diffWeights, 'diffWeights', points],
  ]);
  const weights = planner.allocate(likeBlocks(planner, point));
  pointsToWeights(planner, points, point, weights);
  return weights;
}
