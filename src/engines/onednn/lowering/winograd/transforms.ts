import { BLOCK, FLOAT } from '../../kernels/kernel.js';
import type { Matrix } from '../../kernels/linear.js';
import { compileTransform, type Run, type TileTransform } from '../../kernels/tileKernel.js';
import { kernelGradient, winograd } from '../../kernels/winogradMatrices.js';
import type { Place } from '../../plan/place.js';
import type { KernelOrder, Planner } from '../../plan/planner.js';
import { GAP, POINTS, pointSide, TILE, Tiling, weightSide } from './tiling.js';

/** Memory for a tensor of each point. */
export function allocatePoints(planner: Planner, bytes: number): Place {
  return planner.allocate(planner.rowMajor([(POINTS ** 2 * (bytes + GAP)) / FLOAT]));
}

/** One matrix for each point, [point][rows][columns], in memory of {@link allocatePoints}; or the transposed ones. */
export function matricesOf(
  planner: Planner,
  place: Place,
  [rows, columns]: readonly [number, number],
  transposed = false,
): Place {
  const between = rows * columns + GAP / FLOAT;
  const desc = transposed
    ? planner.dnnl.strided([POINTS ** 2, columns, rows], 'f32', [between, 1, columns])
    : planner.dnnl.strided([POINTS ** 2, rows, columns], 'f32', [between, columns, 1]);
  return { ...place, desc };
}

function order(name: string, source: TileTransform): KernelOrder<TileTransform> {
  return { name, source, compile: compileTransform };
}

/** From images to tiles: with Bᵀ from 6×6 with a border of 1, with A from 4×4. */
export function imagesToTiles(planner: Planner, images: Place, matrix: Matrix): Place {
  const [, channels, height, width] = images.desc.shape as [number, number, number, number];
  const tiling = Tiling.of(images.desc.shape);
  const halo = (matrix[0]!.length - TILE) / 2;
  const tiles = allocatePoints(planner, tiling.bytes(channels));
  const inner = channels / BLOCK;
  const transform: TileTransform = {
    matrix,
    units: tiling.images * inner,
    together: inner % 2 === 0 ? 2 : 1,
    inner,
    src: tiling.imageSide(channels, halo),
    dst: tiling.tileSide(channels),
    rows: tiling.runs(height, halo),
    columns: tiling.runs(width, halo),
    limited: 'src',
  };
  planner.kernel(order('tiles of images', transform), { src: images, dst: tiles });
  return tiles;
}

/** What follows a convolution, before its result is written. */
export interface Ending {
  /** [O] */
  readonly bias?: Place | undefined;
  /** In the result's layout. */
  readonly addend?: Place | undefined;
  readonly relu?: boolean | undefined;
}

/** From tiles to images, with Aᵀ, and what follows. */
export function tilesToImages(
  planner: Planner,
  tiles: Place,
  dst: Place,
  { bias, addend, relu = false }: Ending,
): void {
  const [, channels, height, width] = dst.desc.shape as [number, number, number, number];
  const tiling = Tiling.of(dst.desc.shape);
  const inner = channels / BLOCK;
  const transform: TileTransform = {
    matrix: winograd.output,
    units: tiling.images * inner,
    together: inner % 2 === 0 ? 2 : 1,
    inner,
    src: tiling.tileSide(channels),
    dst: tiling.imageSide(channels, 0),
    rows: tiling.runs(height, 0),
    columns: tiling.runs(width, 0),
    limited: 'dst',
    bias: bias !== undefined,
    addend: addend !== undefined,
    relu,
  };
  planner.kernel(order('images of tiles', transform), { src: tiles, dst, bias, addend });
}

const once = (count: number): Run[] => [{ count, begin: 0, end: POINTS }];

function blocksOf(
  outputs: number,
  inputs: number,
): Pick<TileTransform, 'units' | 'inner' | 'rows' | 'columns' | 'limited'> {
  const inner = inputs / BLOCK;
  return { units: (outputs / BLOCK) * inner, inner, rows: once(1), columns: once(BLOCK), limited: 'neither' };
}

/**
 * Constant weights of up to so many bytes are kept as points; points take four times the memory of the weights,
 * and are soon made again.
 */
const LARGEST_KEPT = 2 ** 22;

/** G·g·Gᵀ; `turned` takes the kernels turned by 180°, as the gradient toward the input does. */
export function weightsToPoints(planner: Planner, weights: Place, turned: boolean): Place {
  const [outputs, inputs] = weights.desc.shape as [number, number];
  const points = allocatePoints(planner, outputs * inputs * FLOAT);
  const transform: TileTransform = {
    matrix: winograd.kernel,
    ...blocksOf(outputs, inputs),
    src: weightSide(inputs, turned),
    dst: pointSide(outputs, inputs, turned),
  };
  const isSmall = points.desc.bytes <= LARGEST_KEPT;
  planner.kernel(order('points of weights', transform), { src: weights, dst: points }, isSmall);
  return points;
}

/** Gᵀ·u·G: from the gradient of each point's weights to that of the kernels. */
export function pointsToWeights(planner: Planner, points: Place, weights: Place): void {
  const [outputs, inputs] = weights.desc.shape as [number, number];
  const transform: TileTransform = {
    matrix: kernelGradient,
    ...blocksOf(outputs, inputs),
    src: pointSide(outputs, inputs),
    dst: weightSide(inputs),
  };
  planner.kernel(order('weights of points', transform), { src: points, dst: weights });
}
