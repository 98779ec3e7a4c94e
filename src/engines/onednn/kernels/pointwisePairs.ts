/**
 * Machine code of the products of a 1×1 convolution's weight gradient in bf16, with AVX512-BF16: an instruction multiplies pairs
 * of numbers and adds both products to a sum in f32. A pair is the numbers of two pixels of a channel.
 */
import { GPR, type Register, type Vector } from './assembler.js';
import { FLOAT } from './kernel.js';
import { emitLoop, emitRounds } from './loop.js';
import {
  BLOCK,
  blockBytes,
  imageBytes,
  type PointwiseGradient,
  pixelBytes,
  STACK,
  VECTOR,
  type Vectors,
} from './pointwiseShape.js';
import {
  BIAS_SUM,
  bytesAhead,
  DY_BLOCK,
  FACTOR,
  inputVector,
  POINTERS,
  type Products,
  type Segment,
  segmentOf,
  type Tile,
  type Unit,
  X,
} from './pointwiseTiles.js';

/** How pixels are taken; 256 at a time were 1 to 8% slower, 384 up to 12%. */
const PIXELS = { segmentPixels: 128, pixelsAtOnce: 2 } as const;
/** Pairs that a round of a loop interleaves. */
const PAIRS_AT_ONCE = 4;

/** The register with the places of interleaved words: a channel of the first pixel, the same of the second, and so on. */
const INTERLEAVING: Vector = 29;
const PLACES = Array.from({ length: BLOCK }, (_, channel) => channel | ((BLOCK + channel) << 16));
const ONES: Vector = 28;
const PAIR_OF_ONES = 0x3f803f80;
/** The mask register of a pixel's bytes, the first half of a vector's. */
const PIXEL_MASK = 2;
const FIRST_HALF = 0xff;

/** A unit has put a register onto the stack. */
const REGISTER_BYTES = 8;

/** Pairs of a segment: the last pixel of an image goes with zeros where their number is odd. */
function pairsOf({ images, pixels }: Segment): number {
  return images * Math.ceil(pixels / 2);
}

/** Bytes of the pairs that a unit keeps: of a block of outputs, then of its vectors of inputs. */
export function pairBytes(source: PointwiseGradient, images: number, vectors: Vectors): number {
  return pairsOf(segmentOf(source, images, PIXELS)) * VECTOR * (1 + vectors);
}

/** Emits where a segment's pairs of outputs lie, or those of inputs. */
function emitPairs({ asm }: Unit, to: Register, segment: Segment, whose: 'outputs' | 'inputs'): void {
  asm.copy(to, GPR.rsp);
  asm.addConstant(to, REGISTER_BYTES + STACK.pairs + (whose === 'inputs' ? pairsOf(segment) * VECTOR : 0));
}

/** Images that are interleaved: so many of their blocks, from the first one on. */
interface Interleaved {
  readonly from: Register;
  readonly channels: number;
  readonly blocks: number;
}

/** Emits that pairs of a segment's pixels are written, those of all blocks side by side, to where the second pointer points. */
function emitInterleaving(
  { asm, source }: Unit,
  { images, pixels }: Segment,
  { from, channels, blocks }: Interleaved,
): void {
  const [pointer, to] = POINTERS;
  const [block, pixel] = [blockBytes(source), pixelBytes(source)];
  const emitOnes = (count: number, mask?: typeof PIXEL_MASK): void => {
    for (let pair = 0; pair < count; pair++)
      for (let b = 0; b < blocks; b++) {
        const offset = b * block + pair * 2 * pixel;
        asm.load(FACTOR, { base: pointer, offset }, mask);
        asm.permuteWords(FACTOR, INTERLEAVING, FACTOR, { half: false });
        asm.store({ base: to, offset: (pair * blocks + b) * VECTOR }, FACTOR);
      }
    asm.addConstant(pointer, count * 2 * pixel);
    asm.addConstant(to, count * blocks * VECTOR);
  };
  asm.copy(pointer, from);
  emitLoop(asm, GPR.rdx, images, () => {
    emitRounds(asm, GPR.r12, [Math.floor(pixels / 2), PAIRS_AT_ONCE], emitOnes);
    if (pixels % 2 === 1) emitOnes(1, PIXEL_MASK);
    if (images > 1)
      asm.addConstant(pointer, imageBytes(source, channels) - 2 * Math.ceil(pixels / 2) * pixel);
  });
}

/** Emits that the registers and the pairs of a segment's inputs are made ready. */
function beginSegment(unit: Unit, segment: Segment): void {
  const { asm, constants, source, vectors } = unit;
  const { inputs, hasBias } = source;
  asm.load(INTERLEAVING, constants.bits(PLACES));
  if (hasBias) asm.load(ONES, constants.bits(PLACES.map(() => PAIR_OF_ONES)));
  if (segment.pixels % 2 === 1) {
    asm.set(GPR.rdx, FIRST_HALF);
    asm.setMask(PIXEL_MASK, GPR.rdx);
  }
  emitPairs(unit, POINTERS[1], segment, 'inputs');
  emitInterleaving(unit, segment, { from: X, channels: inputs, blocks: vectors });
}

function beginBlock(unit: Unit, segment: Segment): void {
  const { source } = unit;
  emitPairs(unit, POINTERS[1], segment, 'outputs');
  emitInterleaving(unit, segment, { from: DY_BLOCK, channels: source.outputs, blocks: 1 });
}

/** Registers that count loops around a tile's, which keeps them on the stack meanwhile, and that here point to what is fetched. */
const [NEXT_X, NEXT_DY] = [GPR.rax, GPR.rcx] as const;

function emitPair({ asm, source, vectors }: Unit, { begin, end, isFirst, isLast }: Tile): void {
  const [x, dy] = POINTERS;
  for (let v = 0; v < vectors; v++) asm.load(inputVector(v), { base: x, offset: v * VECTOR });
  if (isFirst) asm.prefetch({ base: NEXT_DY, offset: 0 }, 2);
  if (isLast)
    for (let v = 0; v < vectors; v++) asm.prefetch({ base: NEXT_X, offset: v * blockBytes(source) }, 2);
  if (isFirst && source.hasBias) asm.multiplyAddPairs(BIAS_SUM, ONES, { base: dy, offset: 0 });
  for (let row = begin; row < end; row++) {
    asm.broadcast(FACTOR, { base: dy, offset: row * FLOAT });
    for (let v = 0; v < vectors; v++)
      asm.multiplyAddPairs((row - begin) * vectors + v, FACTOR, inputVector(v));
  }
  asm.addConstant(x, vectors * VECTOR);
  asm.addConstant(dy, VECTOR);
  if (isLast) asm.addConstant(NEXT_X, 2 * pixelBytes(source));
  if (isFirst) asm.addConstant(NEXT_DY, 2 * pixelBytes(source));
}

function addUp(unit: Unit, segment: Segment, tile: Tile): void {
  const { asm, source } = unit;
  const { images, pixels } = segment;
  const [x, dy] = POINTERS;
  const pairs = Math.ceil(pixels / 2);
  emitPairs(unit, x, segment, 'inputs');
  emitPairs(unit, dy, segment, 'outputs');
  const fetched = [
    ...(tile.isLast ? [{ next: NEXT_X, now: X, channels: source.inputs }] : []),
    ...(tile.isFirst ? [{ next: NEXT_DY, now: DY_BLOCK, channels: source.outputs }] : []),
  ];
  for (const { next, now, channels } of fetched) {
    asm.push(next);
    asm.copy(next, now);
    asm.addConstant(next, bytesAhead(unit, segment, channels));
  }
  emitLoop(asm, GPR.rdx, images, () => {
    emitLoop(asm, GPR.r12, pairs, () => emitPair(unit, tile));
    if (images === 1) return;
    for (const { next, channels } of fetched)
      asm.addConstant(next, imageBytes(source, channels) - 2 * pairs * pixelBytes(source));
  });
  for (const { next } of [...fetched].reverse()) asm.pop(next);
}

/** Pair by pair: a vector of inputs' pairs times an output's, repeated, from copies in which pairs lie side by side. */
export const pairProducts: Products = { ...PIXELS, beginSegment, beginBlock, addUp };
