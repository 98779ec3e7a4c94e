import type { Block } from '../../dnnl.js';
import { FLOAT, BLOCK as LEAST_BLOCK } from '../../kernels/kernel.js';
import type { Matrix } from '../../kernels/linear.js';
import type { Format } from '../../kernels/numbers.js';
import { compileTransform, type Run, type TileTransform } from '../../kernels/tileKernel.js';
import { kernelGradient, winograd } from '../../kernels/winogradMatrices.js';
import type { Draft } from '../../plan/draft.js';
import type { Place } from '../../plan/place.js';
import type { KernelOrder } from '../../plan/steps.js';
import { GAP, POINTS, pointSide, TILE, Tiling, weightSide } from './tiling.js';

/** Memory for a tensor of each point. */
export function allocatePoints(draft: Draft, bytes: number): Place {
  return draft.buffers.allocate(draft.layouts.rowMajor([(POINTS ** 2 * (bytes + GAP)) / FLOAT]));
}

/** One matrix for each point, [point][rows][columns], in memory of {@link allocatePoints}; or the transposed ones. */
export function matricesOf(
  draft: Draft,
  place: Place,
  [rows, columns]: readonly [number, number],
  transposed = false,
): Place {
  const between = rows * columns + GAP / FLOAT;
  const desc = transposed
    ? draft.dnnl.strided([POINTS ** 2, columns, rows], 'f32', [between, 1, columns])
    : draft.dnnl.strided([POINTS ** 2, rows, columns], 'f32', [between, columns, 1]);
  return { ...place, desc };
}

/** Channels of a block, and floats of a vector. */
export function blockOf({ layouts }: Draft): Block {
  return layouts.block ?? LEAST_BLOCK;
}

/** What images' numbers are in memory. */
function formatOf(draft: Draft, { desc: { type } }: Place): Format {
  const format = draft.formatOf(type);
  if (!format) throw new Error(`no kernel reads images of ${type}`);
  return format;
}

/** Units of half a cache line are taken by twos. */
function together(inner: number, block: Block): number {
  return block === LEAST_BLOCK && inner % 2 === 0 ? 2 : 1;
}

function transformTiles(draft: Draft, order: Omit<KernelOrder<TileTransform>, 'compile'>): void {
  draft.steps.kernel({ ...order, compile: compileTransform });
}

/** From images to tiles: with Bᵀ from 6×6 with a border of 1, with A from 4×4. */
export function imagesToTiles(draft: Draft, images: Place, matrix: Matrix): Place {
  const [, channels, height, width] = images.desc.shape as [number, number, number, number];
  const tiling = Tiling.of(images.desc.shape);
  const halo = (matrix[0]!.length - TILE) / 2;
  const tiles = allocatePoints(draft, tiling.bytes(channels));
  const block = blockOf(draft);
  const inner = channels / block;
  const transform: TileTransform = {
    lanes: block,
    matrix,
    units: tiling.images * inner,
    together: together(inner, block),
    inner,
    src: tiling.imageSide(channels, halo, block, formatOf(draft, images)),
    dst: tiling.tileSide(channels, block),
    rows: tiling.runs(height, halo),
    columns: tiling.runs(width, halo),
    limited: 'src',
  };
  transformTiles(draft, { name: 'tiles of images', source: transform, places: { src: images, dst: tiles } });
  return tiles;
}

/** Operations fused after a convolution, before its result is written. */
export interface Ending {
  /** [O] */
  readonly bias?: Place | undefined;
  /** In the result's layout. */
  readonly addend?: Place | undefined;
  readonly relu?: boolean | undefined;
}

/** From tiles to images, with Aᵀ, and what follows. */
export function tilesToImages(
  draft: Draft,
  tiles: Place,
  dst: Place,
  { bias, addend, relu = false }: Ending,
): void {
  const [, channels, height, width] = dst.desc.shape as [number, number, number, number];
  const tiling = Tiling.of(dst.desc.shape);
  const block = blockOf(draft);
  const inner = channels / block;
  const transform: TileTransform = {
    lanes: block,
    matrix: winograd.output,
    units: tiling.images * inner,
    together: together(inner, block),
    inner,
    src: tiling.tileSide(channels, block),
    dst: tiling.imageSide(channels, 0, block, formatOf(draft, dst)),
    rows: tiling.runs(height, 0),
    columns: tiling.runs(width, 0),
    limited: 'dst',
    bias: bias !== undefined,
    addend: addend !== undefined,
    relu,
  };
  transformTiles(draft, {
    name: 'images of tiles',
    source: transform,
    places: { src: tiles, dst, bias, addend },
  });
}

const once = (count: number): Run[] => [{ count, begin: 0, end: POINTS }];

function blocksOf(
  outputs: number,
  inputs: number,
  block: Block,
): Pick<TileTransform, 'lanes' | 'units' | 'inner' | 'rows' | 'columns' | 'limited'> {
  const inner = inputs / block;
  const units = (outputs / block) * inner;
  return { lanes: block, units, inner, rows: once(1), columns: once(block), limited: 'neither' };
}

/**
 * Constant weights of up to so many bytes are kept as points; points take four times the memory of the weights,
 * and are quickly recomputed.
 */
const LARGEST_KEPT = 2 ** 22;

/** G·g·Gᵀ; `turned` takes the kernels turned by 180°, as the gradient toward the input does. */
export function weightsToPoints(draft: Draft, weights: Place, turned: boolean): Place {
  const [outputs, inputs] = weights.desc.shape as [number, number];
  const points = allocatePoints(draft, outputs * inputs * FLOAT);
  const transform: TileTransform = {
    matrix: winograd.kernel,
    ...blocksOf(outputs, inputs, blockOf(draft)),
    src: weightSide(inputs, blockOf(draft), turned),
    dst: pointSide(outputs, inputs, blockOf(draft), turned),
  };
  const isSmall = points.desc.bytes <= LARGEST_KEPT;
  const places = { src: weights, dst: points };
  transformTiles(draft, { name: 'points of weights', source: transform, places, mayBeFixed: isSmall });
  return points;
}

/** Gᵀ·u·G: from the gradient of each point's weights to that of the kernels. */
export function pointsToWeights(draft: Draft, points: Place, weights: Place): void {
  const [outputs, inputs] = weights.desc.shape as [number, number];
  const transform: TileTransform = {
    matrix: kernelGradient,
    ...blocksOf(outputs, inputs, blockOf(draft)),
    src: pointSide(outputs, inputs, blockOf(draft)),
    dst: weightSide(inputs, blockOf(draft)),
  };
  transformTiles(draft, {
    name: 'weights of points',
    source: transform,
    places: { src: points, dst: weights },
  });
}
