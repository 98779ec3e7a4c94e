import { ARG, type Block } from '../../dnnl.js';
import { DISPLACEMENTS_END, FLOAT } from '../../kernels/kernel.js';
import { winograd } from '../../kernels/winogradMatrices.js';
import type { MemoryDesc } from '../../memoryDesc.js';
import type { Draft } from '../../plan/draft.js';
import type { Place } from '../../plan/place.js';
import type { MatmulSpec } from '../../primitiveSpec.js';
import type { ConvShapes } from '../convShapes.js';
import { GAP, POINTS, Tiling } from './tiling.js';
import {
  allocatePoints,
  blockOf,
  type Ending,
  imagesToTiles,
  matricesOf,
  pointsToWeights,
  tilesToImages,
  weightsToPoints,
} from './transforms.js';

/** Whether the tiles of a convolution are within reach of a kernel's addresses. */
export function fitsOwnWinograd({ x, weight }: ConvShapes): boolean {
  const [outputs, inputs] = weight as [number, number];
  const bytes = Math.max(Tiling.of(x).bytes(Math.max(outputs, inputs)), outputs * inputs * FLOAT);
  return POINTS ** 2 * (bytes + GAP) < DISPLACEMENTS_END;
}

/** The product of each point's matrices, added to what is there or not. */
function multiply(draft: Draft, [a, b]: readonly [Place, Place], dst: Place, sum = false): void {
  const postOps = sum ? [{ kind: 'sum', scale: 1 } as const] : [];
  const spec: MatmulSpec = { kind: 'matmul', a: a.desc, b: b.desc, dst: dst.desc, postOps };
  draft.steps.primitive({ spec, reads: { [ARG.src]: a, [ARG.weights]: b }, writes: { [ARG.dst]: dst } });
}

/** Weights in blocks, whose vectors are of outputs, or of inputs if they are turned. */
function blockedWeights(draft: Draft, { weight }: ConvShapes, turned: boolean): MemoryDesc {
  const isWide = blockOf(draft) === 16;
  const [normal, mirrored] = isWide ? (['16b16a', '16a16b'] as const) : (['8b8a', '8a8b'] as const);
  return draft.dnnl.named(weight, 'f32', `ABcd${turned ? mirrored : normal}`);
}

/** A convolution's images (x, or dy) in blocks, and its weight in a layout that is asked for. */
export interface WinogradOperands {
  readonly images: Place;
  readonly weight: (desc: MemoryDesc) => Place;
  readonly shapes: ConvShapes;
}

/**
 * Tiles of a group of images, and their results, take about so many bytes, by the channels of a block: with AVX2 the last cache holds them, with
 * AVX512, whose products wait less for it, those of the processors.
 */
const GROUP_BYTES: Readonly<Record<Block, number>> = { 8: 12 * 2 ** 20, 16: 4 * 2 ** 20 };

/** Images of a group: parts of about the same size, whose tiles stay in a cache. */
function groupSize(draft: Draft, { x, weight }: ConvShapes): number {
  const batch = x[0]!;
  const perImage = POINTS ** 2 * Tiling.of([1, ...x.slice(1)]).bytes(weight[0]! + weight[1]!);
  const fitting = Math.max(1, Math.floor(GROUP_BYTES[blockOf(draft)] / perImage));
  return Math.ceil(batch / Math.ceil(batch / fitting));
}

/** Images `first` to `first + size` of a batch. */
function imagesOf(draft: Draft, place: Place, first: number, size: number): Place {
  const [batch, ...image] = place.desc.shape;
  const bytes = place.desc.bytes / batch!;
  return {
    ...place,
    desc: draft.layouts.images([size, ...image], place.desc.type),
    offset: place.offset + first * bytes,
  };
}

/** From images to images, group by group: tiles, products with the weights, images. */
function convolveGroups(
  draft: Draft,
  { images, weight, shapes }: WinogradOperands,
  dst: Place,
  { turned, addend, ...ending }: Ending & { readonly turned: boolean },
): void {
  const [batch, ...image] = shapes.x as [number, ...number[]];
  const most = groupSize(draft, shapes);
  const [, from] = images.desc.shape as [number, number];
  const [, to] = dst.desc.shape as [number, number];
  const points = weightsToPoints(draft, weight(blockedWeights(draft, shapes, turned)), turned);
  const weights = matricesOf(draft, points, [from, to]);
  for (let first = 0; first < batch; first += most) {
    const size = Math.min(most, batch - first);
    const { count } = Tiling.of([size, ...image]);
    const group = (place: Place): Place => imagesOf(draft, place, first, size);
    const tiles = imagesToTiles(draft, group(images), winograd.input);
    const results = allocatePoints(draft, count * to * FLOAT);
    const product = matricesOf(draft, results, [count, to]);
    multiply(draft, [matricesOf(draft, tiles, [count, from]), weights], product);
    tilesToImages(draft, results, group(dst), { ...ending, addend: addend && group(addend) });
  }
}

/** y = conv(x, weight), ended as told, into `dst`, which may be the addend's memory. */
export function winogradForward(draft: Draft, operands: WinogradOperands, dst: Place, ending: Ending): void {
  convolveGroups(draft, operands, dst, { ...ending, turned: false });
}

/** The gradient toward x: a convolution of dy with the turned kernels. */
export function winogradInputGradient(draft: Draft, operands: WinogradOperands, dst: Place): void {
  convolveGroups(draft, operands, dst, { turned: true });
}

/**
 * The gradient toward the weight: Gᵀ[Σ (Bᵀ·d·B) ⊙ (A·dy·Aᵀ)]G over all tiles, group by group of images unless the sums are larger than the
 * groups' tiles.
 */
export function winogradWeightGradient(
  draft: Draft,
  {
    images,
    gradient,
    shapes,
  }: { readonly images: Place; readonly gradient: Place; readonly shapes: ConvShapes },
): Place {
  const [outputs, inputs] = shapes.weight as [number, number];
  const [batch, ...image] = shapes.x as [number, ...number[]];
  const points = allocatePoints(draft, outputs * inputs * FLOAT);
  const most = points.desc.bytes <= GROUP_BYTES[blockOf(draft)] ? groupSize(draft, shapes) : batch;
  for (let first = 0; first < batch; first += most) {
    const size = Math.min(most, batch - first);
    const { count } = Tiling.of([size, ...image]);
    const tiles = imagesToTiles(draft, imagesOf(draft, images, first, size), winograd.input);
    const dy = imagesToTiles(draft, imagesOf(draft, gradient, first, size), winograd.outputGradient);
    const operands = [
      matricesOf(draft, tiles, [count, inputs], true),
      matricesOf(draft, dy, [count, outputs]),
    ] as const;
    multiply(draft, operands, matricesOf(draft, points, [inputs, outputs]), first > 0);
  }
  const weights = draft.buffers.allocate(blockedWeights(draft, shapes, false));
  pointsToWeights(draft, points, weights);
  return weights;
}
