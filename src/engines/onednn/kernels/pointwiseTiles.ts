/** Machine code of the sums of products that are a 1×1 convolution's weight gradient. */

import { type Assembler, GPR, type Vector } from './assembler.js';
import { greatestDivisor } from './divisors.js';
import { FLOAT } from './kernel.js';
import { emitLoop, emitRounds } from './loop.js';
import { BLOCK, imageBytes, type PointwiseGradient, VECTOR, type Vectors } from './pointwiseShape.js';

/** Sums run over about so many pixels before they are added to the totals, which keeps rounding small. */
const SEGMENT = 192;
/** Rows of a tile, by its vectors of inputs: each has a sum in a register. */
const TILE_ROWS = { 1: 16, 2: 8, 3: 8 } as const;
/** Inputs are fetched a whole image ahead, if it has no more pixels: they stay in the second cache until they are used. */
const MOST_PIXELS_AHEAD = 1024;

const inputVector = (v: number): Vector => 24 + v;
/** Of a block's outputs: their sums. */
const BIAS_SUM: Vector = 30;
const FACTOR: Vector = 31;
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
const X_PIXEL = GPR.r8;
const DY_PIXEL = GPR.r9;
const DY_BLOCK = GPR.r11;

/** A kernel's code, as it is being written, for units of so many vectors of inputs and rows of outputs. */
export interface Unit {
  readonly asm: Assembler;
  readonly source: PointwiseGradient;
  readonly vectors: Vectors;
  readonly rows: number;
}

/** Pixels that sums run over: of one image, or all of several. */
interface Segment {
  readonly images: number;
  readonly pixels: number;
}

/** Rows of a block of outputs whose sums are in registers at once. */
interface Tile {
  readonly begin: number;
  readonly end: number;
  /** Whether it also adds up the block's outputs, and fetches those of the next one. */
  readonly isFirst: boolean;
  /** Whether it also fetches the inputs of the next segment. */
  readonly isLast: boolean;
}

/** Emits the products of a pixel's inputs and outputs, added to the sums. */
function emitPixel({ asm, source, vectors }: Unit, tile: Tile, ahead: number): void {
  const blockBytes = source.pixels * VECTOR;
  for (let v = 0; v < vectors; v++) asm.load(inputVector(v), { base: X_PIXEL, offset: v * blockBytes });
  if (tile.isFirst) asm.prefetch({ base: DY_PIXEL, offset: blockBytes }, 1);
  if (tile.isLast)
    for (let v = 0; v < vectors; v++) asm.prefetch({ base: X_PIXEL, offset: v * blockBytes + ahead }, 2);
  if (tile.isFirst && source.hasBias) asm.vector('add', BIAS_SUM, BIAS_SUM, { base: DY_PIXEL, offset: 0 });
  for (let row = tile.begin; row < tile.end; row++) {
    asm.broadcast(FACTOR, { base: DY_PIXEL, offset: row * FLOAT });
    for (let v = 0; v < vectors; v++)
      asm.multiplyAdd((row - tile.begin) * vectors + v, FACTOR, inputVector(v));
  }
  asm.addConstant(X_PIXEL, VECTOR);
  asm.addConstant(DY_PIXEL, VECTOR);
}

/** Emits a tile's sums over a segment. */
function emitSums(unit: Unit, { images, pixels }: Segment, tile: Tile): void {
  const { asm, source } = unit;
  const { inputs, outputs } = source;
  const ahead = source.pixels <= MOST_PIXELS_AHEAD ? images * imageBytes(source, inputs) : pixels * VECTOR;
  asm.copy(X_PIXEL, X);
  asm.copy(DY_PIXEL, DY_BLOCK);
  emitLoop(asm, GPR.rdx, images, () => {
    emitLoop(asm, GPR.r12, pixels, () => emitPixel(unit, tile, ahead));
    if (images === 1) return;
    asm.addConstant(X_PIXEL, imageBytes(source, inputs) - pixels * VECTOR);
    asm.addConstant(DY_PIXEL, imageBytes(source, outputs) - pixels * VECTOR);
  });
}

/** Emits a segment's sums of a tile, which are added to the totals. */
function emitTile(unit: Unit, segment: Segment, tile: Tile): void {
  const { asm, source, vectors } = unit;
  const { begin, end, isFirst } = tile;
  const sumsBias = isFirst && source.hasBias;
  for (let sum = 0; sum < (end - begin) * vectors; sum++) asm.vector('xor', sum, sum, sum);
  if (sumsBias) asm.vector('xor', BIAS_SUM, BIAS_SUM, BIAS_SUM);
  emitSums(unit, segment, tile);
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
  for (let tile = 0; tile < count; tile++) {
    const [begin, end] = [beginOf(tile), beginOf(tile + 1)];
    emitTile(unit, segment, { begin, end, isFirst: tile === 0, isLast: tile === count - 1 });
  }
}

/** Emits a segment of all rows, after which X and DY point to the next pixels. */
function emitSegment(unit: Unit, segment: Segment): void {
  const { asm, source, rows } = unit;
  const blockRow = BLOCK * source.inputs * FLOAT;
  const blocks = Math.floor(rows / BLOCK);
  asm.copy(DY_BLOCK, DY);
  emitLoop(asm, GPR.rcx, blocks, () => {
    emitRows(unit, segment, BLOCK);
    asm.addConstant(DY_BLOCK, source.pixels * VECTOR);
    asm.addConstant(TOTALS, blockRow);
    asm.addConstant(BIAS_TOTALS, VECTOR);
  });
  emitRows(unit, segment, rows % BLOCK);
  asm.addConstant(TOTALS, -blocks * blockRow);
  asm.addConstant(BIAS_TOTALS, -blocks * VECTOR);
  asm.addConstant(X, segment.pixels * VECTOR);
  asm.addConstant(DY, segment.pixels * VECTOR);
}

/** Emits that the totals become zero. */
function emitZeros({ asm, source, vectors, rows }: Unit): void {
  asm.vector('xor', FACTOR, FACTOR, FACTOR);
  asm.copy(X_PIXEL, TOTALS);
  emitLoop(asm, GPR.rcx, rows, () => {
    for (let v = 0; v < vectors; v++)
      asm.store({ base: X_PIXEL, offset: v * VECTOR }, FACTOR, v === vectors - 1 ? MASK : undefined);
    asm.addConstant(X_PIXEL, source.inputs * FLOAT);
  });
  if (source.hasBias)
    for (let block = 0; block < Math.ceil(rows / BLOCK); block++)
      asm.store({ base: BIAS_TOTALS, offset: block * VECTOR }, FACTOR);
}

/** Emits the totals of some images: X and DY point to the first one's, TOTALS to the results. */
export function emitTotals(unit: Unit, images: number): void {
  const { asm, source } = unit;
  const { pixels, inputs, outputs } = source;
  emitZeros(unit);
  const together = greatestDivisor(images, SEGMENT / pixels);
  const length = Math.ceil(pixels / Math.ceil(pixels / SEGMENT));
  emitLoop(asm, GPR.rax, images / together, () => {
    emitRounds(asm, GPR.rbx, [pixels, length], (some) =>
      emitSegment(unit, { images: together, pixels: some }),
    );
    asm.addConstant(X, together * imageBytes(source, inputs) - pixels * VECTOR);
    asm.addConstant(DY, together * imageBytes(source, outputs) - pixels * VECTOR);
  });
}
