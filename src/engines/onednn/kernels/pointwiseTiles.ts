/** Machine code of the sums that are a 1×1 convolution's weight gradient, but for the products themselves. */

import { type Assembler, GPR, type Vector } from './assembler.js';
import { greatestDivisor } from './divisors.js';
import { type Constants, FLOAT } from './kernel.js';
import { emitLoop, emitRounds } from './loop.js';
import {
  BLOCK,
  blockBytes,
  imageBytes,
  type PointwiseGradient,
  pixelBytes,
  VECTOR,
  type Vectors,
} from './pointwiseShape.js';

/** Rows of a tile, by its vectors of inputs: each has a sum in a register. */
const TILE_ROWS = { 1: 16, 2: 8, 3: 8, 4: 6 } as const;
/** Inputs are fetched a whole image ahead, if it has no more pixels: they stay in the second cache until they are used. */
const MOST_PIXELS_AHEAD = 1024;

/** The register of a vector of a pixel's inputs. */
export const inputVector = (v: number): Vector => 24 + v;
/** Of a block's outputs: their sums. */
export const BIAS_SUM: Vector = 30;
/** An output, repeated. */
export const FACTOR: Vector = 31;
/** The mask register of a unit's last vector of inputs. */
export const MASK = 1;

/** The register of a segment's first inputs. */
export const X = GPR.rsi;
/** The register of a segment's first outputs' gradients. */
export const DY = GPR.rdi;
/** The register of the totals of products. */
export const TOTALS = GPR.r10;
/** The register of the totals of outputs' gradients. */
export const BIAS_TOTALS = GPR.r13;
/** The register of a segment's first gradients of a block of outputs. */
export const DY_BLOCK = GPR.r11;
/** For copies of pointers, while products are added up. */
export const POINTERS = [GPR.r8, GPR.r9] as const;

/** A kernel's code, as it is being written, for units of so many vectors of inputs and rows of outputs. */
export interface Unit {
  readonly asm: Assembler;
  readonly constants: Constants;
  readonly source: PointwiseGradient;
  readonly products: Products;
  readonly vectors: Vectors;
  readonly rows: number;
}

/** Pixels that sums run over: of one image, or all of several. */
export interface Segment {
  readonly images: number;
  readonly pixels: number;
}

/** Rows of a block of outputs whose sums are in registers at once. */
export interface Tile {
  readonly begin: number;
  readonly end: number;
  /** Whether it also adds up the block's outputs, and fetches those of the next one. */
  readonly isFirst: boolean;
  /** Whether it also fetches the inputs of the next segment. */
  readonly isLast: boolean;
}

/** How products are computed and added to sums in registers; rdx, r12 and {@link POINTERS} are free. */
export interface Products {
  /** Sums run over about so many pixels before they are added to the totals, which keeps rounding small. */
  readonly segmentPixels: number;
  /** Pixels that an instruction multiplies. */
  readonly pixelsAtOnce: 1 | 2;
  /** Emits what is done before all tiles of a segment. */
  readonly beginSegment?: (unit: Unit, segment: Segment) => void;
  /** Emits what is done before the tiles of a block of outputs. */
  readonly beginBlock?: (unit: Unit, segment: Segment) => void;
  /** Emits that the products of a segment are added to a tile's sums. */
  readonly addUp: (unit: Unit, segment: Segment, tile: Tile) => void;
}

/** How far ahead of a segment's images of so many channels the next ones lie, in bytes. */
export function bytesAhead({ source }: Unit, { images, pixels }: Segment, channels: number): number {
  const isWhole = source.pixels <= MOST_PIXELS_AHEAD;
  return isWhole ? images * imageBytes(source, channels) : pixels * pixelBytes(source);
}

/** Emits a segment's sums of a tile, which are added to the totals. */
function emitTile(unit: Unit, segment: Segment, tile: Tile): void {
  const { asm, source, products, vectors } = unit;
  const { begin, end, isFirst } = tile;
  const sumsBias = isFirst && source.hasBias;
  for (let sum = 0; sum < (end - begin) * vectors; sum++) asm.vector('xor', sum, sum, sum);
  if (sumsBias) asm.vector('xor', BIAS_SUM, BIAS_SUM, BIAS_SUM);
  products.addUp(unit, segment, tile);
  for (let row = begin; row < end; row++)
    for (let v = 0; v < vectors; v++) {
      const sum = (row - begin) * vectors + v;
      const total = { base: TOTALS, offset: row * source.inputs * FLOAT + v * VECTOR };
      const mask = v === vectors - 1 ? MASK : undefined;
      asm.load(FACTOR, total, mask);
      asm.vector('add', sum, sum, FACTOR);
      asm.store(total, sum, mask);
    }
  if (!sumsBias) return;
  asm.vector('add', BIAS_SUM, BIAS_SUM, { base: BIAS_TOTALS, offset: 0 });
  asm.store({ base: BIAS_TOTALS, offset: 0 }, BIAS_SUM);
}

/** Emits the tiles of some rows, at most a block's. */
function emitRows(unit: Unit, segment: Segment, rows: number): void {
  const count = Math.ceil(rows / TILE_ROWS[unit.vectors]);
  const beginOf = (tile: number): number => Math.floor((rows * tile) / count);
  if (count > 0) unit.products.beginBlock?.(unit, segment);
  for (let tile = 0; tile < count; tile++) {
    const [begin, end] = [beginOf(tile), beginOf(tile + 1)];
    emitTile(unit, segment, { begin, end, isFirst: tile === 0, isLast: tile === count - 1 });
  }
}

/** Emits a segment of all rows, after which X and DY point to the next pixels. */
function emitSegment(unit: Unit, segment: Segment): void {
  const { asm, source, products, rows } = unit;
  const blockRow = BLOCK * source.inputs * FLOAT;
  const blocks = Math.floor(rows / BLOCK);
  products.beginSegment?.(unit, segment);
  asm.copy(DY_BLOCK, DY);
  emitLoop(asm, GPR.rcx, blocks, () => {
    emitRows(unit, segment, BLOCK);
    asm.addConstant(DY_BLOCK, blockBytes(source));
    asm.addConstant(TOTALS, blockRow);
    asm.addConstant(BIAS_TOTALS, VECTOR);
  });
  emitRows(unit, segment, rows % BLOCK);
  asm.addConstant(TOTALS, -blocks * blockRow);
  asm.addConstant(BIAS_TOTALS, -blocks * VECTOR);
  asm.addConstant(X, segment.pixels * pixelBytes(source));
  asm.addConstant(DY, segment.pixels * pixelBytes(source));
}

/** Emits that the totals become zero. */
function emitZeros({ asm, source, vectors, rows }: Unit): void {
  const [pointer] = POINTERS;
  asm.vector('xor', FACTOR, FACTOR, FACTOR);
  asm.copy(pointer, TOTALS);
  emitLoop(asm, GPR.rcx, rows, () => {
    for (let v = 0; v < vectors; v++)
      asm.store({ base: pointer, offset: v * VECTOR }, FACTOR, v === vectors - 1 ? MASK : undefined);
    asm.addConstant(pointer, source.inputs * FLOAT);
  });
  if (source.hasBias)
    for (let block = 0; block < Math.ceil(rows / BLOCK); block++)
      asm.store({ base: BIAS_TOTALS, offset: block * VECTOR }, FACTOR);
}

/** The segments of some images, but for the last one of an image, which may be smaller. */
export function segmentOf(
  { pixels }: PointwiseGradient,
  images: number,
  { segmentPixels, pixelsAtOnce }: Pick<Products, 'segmentPixels' | 'pixelsAtOnce'>,
): Segment {
  const together = greatestDivisor(images, segmentPixels / pixels);
  const most = pixels / Math.ceil(pixels / segmentPixels);
  return { images: together, pixels: Math.min(pixels, pixelsAtOnce * Math.ceil(most / pixelsAtOnce)) };
}

/** Emits the totals of some images: X and DY point to the first one's, TOTALS to the results. */
export function emitTotals(unit: Unit, images: number): void {
  const { asm, source, products } = unit;
  const { pixels, inputs, outputs } = source;
  emitZeros(unit);
  const segment = segmentOf(source, images, products);
  emitLoop(asm, GPR.rax, images / segment.images, () => {
    emitRounds(asm, GPR.rbx, [pixels, segment.pixels], (some) =>
      emitSegment(unit, { ...segment, pixels: some }),
    );
    asm.addConstant(X, segment.images * imageBytes(source, inputs) - blockBytes(source));
    asm.addConstant(DY, segment.images * imageBytes(source, outputs) - blockBytes(source));
  });
}
