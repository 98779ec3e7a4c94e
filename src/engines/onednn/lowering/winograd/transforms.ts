import type { Matrix } from '../../kernels/linear.js';
import { compileTransform, type Run, type TileTransform } from '../../kernels/tileKernel.js';
import { kernelGradient, winograd } from '../../kernels/winogradMatrices.js';
import type { MemoryDesc } from '../../memoryDesc.js';
import type { Place } from '../../plan/place.js';
import type { KernelOrder, Planner } from '../../plan/planner.js';
import { BLOCK, GAP, POINTS, pointSide, TILE, Tiling, weightSide } from './tiling.js';

/** Memory for a tensor of each point. */
export function allocatePoints(planner: Planner, bytes: number): Place {
  return planner.allocate(planner.rowMajor([(POINTS ** 2 * (bytes + GAP)) / 4]));
}

/** The tensor of a point in memory of {@link allocatePoints}. */
export function pointOf(place: Place, point: number, desc: MemoryDesc): Place {
  return { ...place, desc, offset: place.offset + point * (desc.bytes + GAP) };
}

function order(name: string, source: TileTransform): KernelOrder<TileTransform> {
  return { name, source, compile: compileTransform };
}

/** From pictures to tiles: with Bᵀ from 6×6 with a border of 1, with A from 4×4. */
export function picturesToTiles(planner: Planner, pictures: Place, matrix: Matrix): Place {
  const [, channels, height, width] = pictures.desc.shape as [number, number, number, number];
  const tiling = Tiling.of(pictures.desc.shape);
  const halo = (matrix[0]!.length - TILE) / 2;
  const tiles = allocatePoints(planner, tiling.bytes(channels));
  const inner = channels / BLOCK;
  const transform: TileTransform = {
    matrix,
    units: tiling.pictures * inner,
    inner,
    src: tiling.pictureSide(channels, halo),
    dst: tiling.tileSide(channels),
    rows: tiling.runs(height, halo),
    columns: tiling.runs(width, halo),
    limited: 'src',
  };
  planner.kernel(order('tiles of pictures', transform), { src: pictures, dst: tiles });
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

/** From tiles to pictures, with Aᵀ, and what follows. */
export function tilesToPictures(
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
    units: tiling.pictures * inner,
    inner,
    src: tiling.tileSide(channels),
    dst: tiling.pictureSide(channels, 0),
    rows: tiling.runs(height, 0),
    columns: tiling.runs(width, 0),
    limited: 'dst',
    bias: bias !== undefined,
    addend: addend !== undefined,
    relu,
  };
  planner.kernel(order('pictures of tiles', transform), { src: tiles, dst, bias, addend });
}

const whole = (count: number): Run[] => [{ count, begin: 0, end: POINTS }];

function blocksOf({ shape }: MemoryDesc): number {
  return (shape[0]! / BLOCK) * (shape[1]! / BLOCK);
}

/**
 * Constant weights of up to so many bytes are kept as points; points take four times the memory of the weights,
 * and are soon made again.
 */
const LARGEST_KEPT = 2 ** 22;

/** G·g·Gᵀ; `turned` takes the kernels turned by 180°, as the gradient toward the input does. */
export function weightsToPoints(planner: Planner, weights: Place, point: MemoryDesc, turned: boolean): Place {
  const points = allocatePoints(planner, point.bytes);
  const transform: TileTransform = {
    matrix: winograd.kernel,
    units: blocksOf(point),
    inner: 1,
    src: weightSide(turned),
    dst: pointSide(point.bytes),
    rows: whole(1),
    columns: whole(BLOCK),
    limited: 'neither',
  };
  const isSmall = points.desc.bytes <= LARGEST_KEPT;
  planner.kernel(order('points of weights', transform), { src: weights, dst: points }, isSmall);
  return points;
}

/** Gᵀ·u·G: from the gradient of each point's weights to that of the kernels. */
export function pointsToWeights(planner: Planner, points: Place, point: MemoryDesc, weights: Place): void {
  const transform: TileTransform = {
    matrix: kernelGradient,
    units: blocksOf(point),
    inner: 1,
    src: pointSide(point.bytes),
    dst: weightSide(),
    rows: whole(1),
    columns: whole(BLOCK),
    limited: 'neither',
  };
  planner.kernel(order('weights of points', transform), { src: points, dst: weights });
}
