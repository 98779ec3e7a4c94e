/** What the weight gradient of a 1×1 convolution is divided into. */
import { greatestDivisor, leastDivisor } from './divisors.js';
import { DISPLACEMENTS_END, FLOAT } from './kernel.js';

/** Channels of a block, which are the floats of a vector. */
export const BLOCK = 16;
/** Bytes of a vector of sums. */
export const VECTOR = BLOCK * FLOAT;

/** A 1×1 convolution of images in blocks of 16 channels, whose weight's gradient is wanted. */
export interface PointwiseGradient {
  /** Of the images; sums and results are f32. */
  readonly type: 'f32' | 'bf16';
  readonly images: number;
  /** Of one channel of one image. */
  readonly pixels: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Whether the gradient toward a bias, the sum of dY, is wanted, too. */
  readonly hasBias: boolean;
}

/** Vectors of inputs of a tile at the most: of bf16 more, for outputs are interleaved anew for each tile. */
const MOST_VECTORS = { f32: 3, bf16: 4 } as const;
/** Blocks of outputs of a unit at the most: their totals stay in the cache. */
export const MOST_BLOCKS = 8;
/** Units of work to share out, where there are enough images. */
const LEAST_UNITS = 16;
/** Groups of images at the most, each of which has totals of its own. */
const MOST_PARTS = 16;

/** Vectors of inputs of a tile. */
export type Vectors = 1 | 2 | 3 | 4;

/** Blocks of outputs in equal groups, the last of which may be smaller. */
export interface Groups {
  readonly count: number;
  readonly blocks: number;
}

/** Vectors of inputs in tiles: `large` of `vectors`, then others of one vector fewer. */
export interface Columns {
  readonly count: number;
  readonly large: number;
  readonly vectors: Vectors;
}

/** The columns of a convolution's inputs. */
export function columnsOf({ inputs, type }: PointwiseGradient): Columns {
  const all = Math.ceil(inputs / BLOCK);
  const count = Math.ceil(all / MOST_VECTORS[type]);
  const vectors = Math.ceil(all / count) as Vectors;
  return { count, vectors, large: count - (count * vectors - all) };
}

/** The groups of a convolution's outputs. */
export function groupsOf({ outputs }: PointwiseGradient): Groups {
  const all = Math.ceil(outputs / BLOCK);
  const blocks = Math.ceil(all / Math.ceil(all / MOST_BLOCKS));
  return { count: Math.ceil(all / blocks), blocks };
}

/** Groups of images that have totals of their own, so that many threads have something to do: always the same for a shape. */
export function partsOf(source: PointwiseGradient): number {
  const { images } = source;
  const units = columnsOf(source).count * groupsOf(source).count;
  const parts = leastDivisor(images, LEAST_UNITS / units);
  return parts <= MOST_PARTS ? parts : greatestDivisor(images, MOST_PARTS);
}

/** Outputs, filled up to whole blocks: as many numbers has the gradient toward a bias. */
export function filledOutputs({ outputs }: Pick<PointwiseGradient, 'outputs'>): number {
  return Math.ceil(outputs / BLOCK) * BLOCK;
}

/** Bytes of a pixel of a block. */
export function pixelBytes({ type }: PointwiseGradient): number {
  return type === 'f32' ? VECTOR : VECTOR / 2;
}

/** Bytes of a block of an image's channels. */
export function blockBytes(source: PointwiseGradient): number {
  return source.pixels * pixelBytes(source);
}

/** Bytes of all blocks of an image's channels. */
export function imageBytes(source: PointwiseGradient, channels: number): number {
  return Math.ceil(channels / BLOCK) * blockBytes(source);
}

/** Whether the addresses that the kernel computes are within what machine code can express. */
export function fitsKernel(source: PointwiseGradient): boolean {
  const { images, inputs, outputs } = source;
  const most = Math.max(images * imageBytes(source, Math.max(inputs, outputs)), outputs * inputs * FLOAT);
  return most < DISPLACEMENTS_END;
}

/** What a unit keeps on its stack, beyond a register: sums of its outputs' gradients, then pairs of pixels. */
export const STACK = { biasTotals: VECTOR, pairs: VECTOR * (1 + MOST_BLOCKS) } as const;
