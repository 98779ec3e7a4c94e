import {
  type Assembler,
  GPR,
  type Lanes,
  type Mask,
  type Memory,
  type Register,
  type Vector,
} from './assembler.js';
import { blockBytes, emitPixels, other, pixelBytes } from './blockedImages.js';
import {
  ARGUMENT,
  type Constants,
  compileKernel,
  DISPLACEMENTS_END,
  type Kernel,
  MOST_OTHERS,
} from './kernel.js';
import type { Format } from './numbers.js';

/** Images in blocks of channels, each of which is copied from a channel of one of several others. */
export interface Gather {
  readonly images: number;
  /** Of one channel of one image. */
  readonly pixels: number;
  /** Channels of a block, and floats of a vector. */
  readonly lanes: Lanes;
  /** Of all images; those of bf16 are in blocks of 16. */
  readonly format: Format;
  /** Channels of each source. */
  readonly sources: readonly number[];
  /** Of each channel of the result: which source, and which of its channels. */
  readonly channels: readonly (readonly [source: number, channel: number])[];
  /** Whether the result is stored past the caches; its blocks are then whole vectors. */
  readonly streams: boolean;
}

/** Registers that point to the blocks that one block of the result is copied from. */
const POINTERS: readonly Register[] = [GPR.rsi, GPR.rdi, GPR.r10, GPR.r11];
/**
 * Of each of them, the mask and the vectors of indices, and of masks where vectors are of 8. In bf16 a vector is two pixels, whose
 * channels are words.
 */
const MASKS: readonly Mask[] = [1, 2, 3, 4];
const indicesOf = (piece: number): Vector => 4 + piece;
const chosenOf = (piece: number): Vector => 8 + piece;
const [RESULT, PART]: readonly [Vector, Vector] = [0, 1];

const DST = GPR.r9;
const IMAGE = GPR.rbx;
/** Pixels of a round of a loop. */
const TOGETHER = 4;

/** What a block of the result takes from one block of a source. */
interface Piece {
  readonly source: number;
  readonly block: number;
  /** Of each place that is taken from there, the place there. */
  readonly indices: readonly (number | undefined)[];
}

function piecesOf({ channels, lanes }: Gather, block: number): Piece[] {
  const pieces = new Map<string, Piece & { readonly indices: (number | undefined)[] }>();
  channels.slice(block * lanes, (block + 1) * lanes).forEach(([source, channel], place) => {
    const from = Math.floor(channel / lanes);
    const key = `${source} ${from}`;
    const piece = pieces.get(key) ?? {
      source,
      block: from,
      indices: new Array<undefined>(lanes).fill(undefined),
    };
    piece.indices[place] = channel % lanes;
    pieces.set(key, piece);
  });
  return [...pieces.values()];
}

function blocksOf(channels: number, lanes: number): number {
  return Math.ceil(channels / lanes);
}

/** Whether the kernel has enough operands and registers, and what it computes is within what machine code can express. */
export function fitsGather(gather: Gather): boolean {
  const { channels, sources, lanes } = gather;
  const most = Math.max(channels.length, ...sources);
  const blocks = Array.from({ length: blocksOf(channels.length, lanes) }, (_, block) => block);
  return (
    sources.length <= 1 + MOST_OTHERS &&
    blocksOf(most, lanes) * blockBytes(gather) < DISPLACEMENTS_END &&
    blocks.every((block) => piecesOf(gather, block).length <= POINTERS.length)
  );
}

/** Whether a piece is a source's block as it is. */
function isWhole({ indices }: Piece): boolean {
  return indices.every((index, place) => index === place);
}

/** Pixels of a vector. */
function pixelsOfVector(asm: Assembler, gather: Gather): number {
  return asm.vectorBytes / pixelBytes(gather);
}

/** Emits the indices and the mask of a piece, with vectors of 16: of its numbers of 32 bits, or of its words, once for each of two pixels. */
function emitIndices(
  asm: Assembler,
  constants: Constants,
  gather: Gather,
  i: number,
  { indices }: Piece,
): void {
  const bits = indices.reduce<number>((sum, index, place) => sum + (index === undefined ? 0 : 2 ** place), 0);
  if (pixelsOfVector(asm, gather) === 1) {
    asm.load(indicesOf(i), constants.bits(indices.map((index) => index ?? 0)));
    asm.set(GPR.rcx, bits);
    asm.setMask(MASKS[i]!, GPR.rcx);
    return;
  }
  const words = [...indices, ...indices].map((index, place) =>
    index === undefined ? 0 : index + (place < asm.lanes ? 0 : asm.lanes),
  );
  const pairs = indices.map((_, pair) => words[2 * pair]! | (words[2 * pair + 1]! << 16));
  asm.load(indicesOf(i), constants.bits(pairs));
  asm.set(GPR.rcx, bits | (bits << 16));
  asm.setWideMask(MASKS[i]!, GPR.rcx);
}

/** Emits the pointers, indices and masks of a block's pieces. */
function emitPieces(asm: Assembler, constants: Constants, gather: Gather, pieces: readonly Piece[]): void {
  pieces.forEach((piece, i) => {
    const { source, block, indices } = piece;
    const pointer = POINTERS[i]!;
    asm.multiply(pointer, IMAGE, blocksOf(gather.sources[source]!, gather.lanes) * blockBytes(gather));
    asm.addMemory(pointer, { base: GPR.r15, offset: source === 0 ? ARGUMENT.src : other(source - 1) });
    asm.addConstant(pointer, block * blockBytes(gather));
    if (isWhole(piece)) return;
    if (asm.lanes === 16) {
      emitIndices(asm, constants, gather, i, piece);
      return;
    }
    asm.load(indicesOf(i), constants.bits(indices.map((index) => index ?? 0)));
    asm.load(chosenOf(i), constants.bits(indices.map((index) => (index === undefined ? 0 : -1))));
  });
}

/** Emits {@link RESULT} = a vector of a block: its pieces, and zeros where there is none. */
function emitVector(asm: Assembler, pieces: readonly Piece[], offset: number): void {
  pieces.forEach((piece, i) => {
    const from: Memory = { base: POINTERS[i]!, offset };
    if (isWhole(piece)) asm.load(RESULT, from);
    else if (asm.lanes === 16) asm.permute(RESULT, indicesOf(i), from, { mask: MASKS[i]!, zeroing: i === 0 });
    else {
      const part = i === 0 ? RESULT : PART;
      asm.permute(part, indicesOf(i), from);
      asm.vector('and', part, part, chosenOf(i));
      if (i > 0) asm.vector('xor', RESULT, RESULT, PART);
    }
  });
}

/** The same in bf16: two pixels, or half a vector with one. */
function emitWords(asm: Assembler, pieces: readonly Piece[], offset: number, half: boolean): void {
  pieces.forEach((piece, i) => {
    const from: Memory = { base: POINTERS[i]!, offset };
    if (!isWhole(piece))
      asm.permuteWords(RESULT, indicesOf(i), from, { mask: MASKS[i]!, zeroing: i === 0, half });
    else if (half) asm.loadHalf(RESULT, from);
    else asm.load(RESULT, from);
  });
}

/** Emits a block of the result, and moves its pointer on. */
function emitBlock(asm: Assembler, constants: Constants, gather: Gather, pieces: readonly Piece[]): void {
  emitPieces(asm, constants, gather, pieces);
  const { pixels, streams } = gather;
  const images = [DST, ...POINTERS.slice(0, pieces.length)].map((register) => ({ register }));
  const together = pixelsOfVector(asm, gather);
  const bytes = asm.vectorBytes;
  emitPixels(
    asm,
    { pixels: Math.floor(pixels / together), together: TOGETHER, bytes, images },
    (_, offset) => {
      if (together === 1) emitVector(asm, pieces, offset);
      else emitWords(asm, pieces, offset, false);
      if (streams) asm.stream({ base: DST, offset }, RESULT);
      else asm.store({ base: DST, offset }, RESULT);
    },
  );
  if (pixels % together === 0) return;
  emitPixels(asm, { pixels: 1, together: 1, bytes: bytes / 2, images }, (_, offset) => {
    emitWords(asm, pieces, offset, true);
    asm.storeHalf({ base: DST, offset }, RESULT);
  });
}

/**
 * Compiles a copy of channels, in one pass over the result: a unit is an image. Operands: the first source as src, further ones, and dst.
 */
export function compileGather(gather: Gather): Kernel {
  const { images, channels, lanes, streams } = gather;
  const blocks = blocksOf(channels.length, lanes);
  return compileKernel({ units: images, stackBytes: 0, lanes }, (asm, constants) => {
    asm.copy(IMAGE, GPR.rax);
    asm.multiply(DST, IMAGE, blocks * blockBytes(gather));
    asm.addMemory(DST, { base: GPR.r15, offset: ARGUMENT.dst });
    for (let block = 0; block < blocks; block++) emitBlock(asm, constants, gather, piecesOf(gather, block));
    if (streams) asm.endStreaming();
  });
}
