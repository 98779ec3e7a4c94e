/** Machine code of the products of a 1×1 convolution's weight gradient in f32. */
import { GPR } from './assembler.js';
import { FLOAT } from './kernel.js';
import { emitLoop } from './loop.js';
import { blockBytes, imageBytes, VECTOR } from './pointwiseShape.js';
import {
  BIAS_SUM,
  bytesAhead,
  DY_BLOCK,
  FACTOR,
  inputVector,
  POINTERS,
  type Products,
  type Segment,
  type Tile,
  type Unit,
  X,
} from './pointwiseTiles.js';

const [X_PIXEL, DY_PIXEL] = POINTERS;

/** Emits the products of a pixel's inputs and outputs, added to the sums. */
function emitPixel({ asm, source, vectors }: Unit, tile: Tile, ahead: number): void {
  const block = blockBytes(source);
  for (let v = 0; v < vectors; v++) asm.load(inputVector(v), { base: X_PIXEL, offset: v * block });
  if (tile.isFirst) asm.prefetch({ base: DY_PIXEL, offset: block }, 1);
  if (tile.isLast)
    for (let v = 0; v < vectors; v++) asm.prefetch({ base: X_PIXEL, offset: v * block + ahead }, 2);
  if (tile.isFirst && source.hasBias) asm.vector('add', BIAS_SUM, BIAS_SUM, { base: DY_PIXEL, offset: 0 });
  for (let row = tile.begin; row < tile.end; row++) {
    asm.broadcast(FACTOR, { base: DY_PIXEL, offset: row * FLOAT });
    for (let v = 0; v < vectors; v++)
      asm.multiplyAdd((row - tile.begin) * vectors + v, FACTOR, inputVector(v));
  }
  asm.addConstant(X_PIXEL, VECTOR);
  asm.addConstant(DY_PIXEL, VECTOR);
}

function addUp(unit: Unit, segment: Segment, tile: Tile): void {
  const { asm, source } = unit;
  const { images, pixels } = segment;
  const ahead = bytesAhead(unit, segment, source.inputs);
  asm.copy(X_PIXEL, X);
  asm.copy(DY_PIXEL, DY_BLOCK);
  emitLoop(asm, GPR.rdx, images, () => {
    emitLoop(asm, GPR.r12, pixels, () => emitPixel(unit, tile, ahead));
    if (images === 1) return;
    asm.addConstant(X_PIXEL, imageBytes(source, source.inputs) - pixels * VECTOR);
    asm.addConstant(DY_PIXEL, imageBytes(source, source.outputs) - pixels * VECTOR);
  });
}

/** Pixel by pixel: a vector of inputs times an output, repeated. */
export const floatProducts: Products = { segmentPixels: 192, pixelsAtOnce: 1, addUp };
