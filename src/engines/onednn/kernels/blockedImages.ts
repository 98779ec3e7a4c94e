import { type Assembler, GPR, type Lanes, type Memory, type Register, type Vector } from './assembler.js';
import { leastDivisor } from './divisors.js';
import { ARGUMENT, DISPLACEMENTS_END, FLOAT, ZERO } from './kernel.js';
import { emitLoop, emitRounds } from './loop.js';
import { type Format, formatBytes } from './numbers.js';

/** Images in blocks of channels, `lanes` each, the last of which is filled up with zeros. */
export interface BlockedImages {
  readonly images: number;
  readonly channels: number;
  /** Of one channel of one image. */
  readonly pixels: number;
  /** Channels of a block, and floats of a vector. */
  readonly lanes: Lanes;
  /** What its numbers are in memory; other than f32 of vectors of 16 alone. */
  readonly format: Format;
}

/** Units of work to share out, where there are enough images and blocks: for more threads than most machines have. */
const LEAST_UNITS = 32;

/** Blocks of channels. */
export function blocksOf({ channels, lanes }: BlockedImages): number {
  return Math.ceil(channels / lanes);
}

/** Channels with those that fill up the last block. */
export function filledChannels(source: BlockedImages): number {
  return blocksOf(source) * source.lanes;
}

/** Bytes of a number for each channel, those that fill up the last block among them. */
export function rowBytes(source: BlockedImages): number {
  return filledChannels(source) * FLOAT;
}

/** Bytes of a pixel of a block. */
export function pixelBytes({ lanes, format }: Pick<BlockedImages, 'lanes' | 'format'>): number {
  return lanes * formatBytes(format);
}

/** Bytes of a block of channels of one image. */
export function blockBytes(source: Pick<BlockedImages, 'pixels' | 'lanes' | 'format'>): number {
  return source.pixels * pixelBytes(source);
}

function imageBytes(source: BlockedImages): number {
  return blocksOf(source) * blockBytes(source);
}

/** How many groups of images (`parts`), and of blocks of each, units are; always the same for a shape. */
export interface Division {
  readonly parts: number;
  readonly groups: number;
}

/** Groups of whole images, whose memory is read from end to end; of few images groups of blocks, too. */
export function divisionOf(source: BlockedImages): Division {
  const parts = leastDivisor(source.images, LEAST_UNITS);
  return { parts, groups: leastDivisor(blocksOf(source), Math.ceil(LEAST_UNITS / parts)) };
}

/** Whether the addresses that kernels compute are within what machine code can express. */
export function fitsKernels(source: BlockedImages): boolean {
  const { parts } = divisionOf(source);
  return (source.images / parts) * imageBytes(source) < DISPLACEMENTS_END;
}

/** An operand of a kernel, and the register that points to what is being worked on. */
export interface Operand {
  readonly register: Register;
  /** Where its address lies in the kernel's argument. */
  readonly argument: number;
}

/** Images that are some channels of larger ones, in whole blocks. */
export interface Within {
  /** Of the larger images. */
  readonly channels: number;
  /** The first of those that are worked on. */
  readonly start: number;
}

/** Images, as they are or within larger ones. */
export interface ImagesOperand extends Operand {
  readonly within?: Within | undefined;
}

/** A number (or several rows of them) for each channel. */
export interface RowOperand extends Operand {
  /** From a part's rows to the next one's, where each part has its own. */
  readonly partBytes?: number;
}

/** What a unit works on: images, all in the same layout, and rows. */
export interface WalkOperands {
  readonly images: readonly ImagesOperand[];
  readonly rows: readonly RowOperand[];
}

/** Where the address of a kernel's further operand lies in its argument. */
export function other(index: number): number {
  return ARGUMENT.others + 8 * index;
}

/** Emits rax, rdx = the part and the group of the unit in rax. */
export function emitUnit(asm: Assembler, { groups }: Division): void {
  asm.set(GPR.rcx, groups);
  asm.divide(GPR.rcx);
}

function blocksOfGroup(source: BlockedImages): number {
  return blocksOf(source) / divisionOf(source).groups;
}

/** Emits a pointer to the rows of a group, given in rdx, and of a part, given in rax. */
export function emitRowPointer(
  asm: Assembler,
  source: BlockedImages,
  { register, argument, partBytes }: RowOperand,
): void {
  asm.multiply(register, GPR.rdx, blocksOfGroup(source) * asm.vectorBytes);
  if (partBytes !== undefined) {
    asm.multiply(GPR.rcx, GPR.rax, partBytes);
    asm.addRegister(register, GPR.rcx);
  }
  asm.addMemory(register, { base: GPR.r15, offset: argument });
}

/** Emits a pointer to a group's blocks of the first image of all. */
export function emitFirstImage(
  asm: Assembler,
  source: BlockedImages,
  { register, argument, within }: ImagesOperand,
): void {
  asm.multiply(register, GPR.rdx, blocksOfGroup(source) * blockBytes(source));
  asm.addMemory(register, { base: GPR.r15, offset: argument });
  if (within) asm.addConstant(register, (within.start / source.lanes) * blockBytes(source));
}

/** Emits a loop over a group's blocks; `body` moves pointers to images on, those to rows are moved here. */
export function emitBlocks(
  asm: Assembler,
  source: BlockedImages,
  rows: readonly RowOperand[],
  body: () => void,
): void {
  const blocks = blocksOfGroup(source);
  emitLoop(asm, GPR.r12, blocks, () => {
    body();
    for (const { register } of rows) asm.addConstant(register, asm.vectorBytes);
  });
  for (const { register } of rows) asm.addConstant(register, -blocks * asm.vectorBytes);
}

/**
 * Emits a loop over the blocks of all images of the part and group in rax and rdx, in the order of memory. `emitBlock` emits what is
 * done with a block, whose pixels are `pixels`, and moves the pointers to images on. Free are rax, rcx and rdx.
 */
export function emitWalk(
  asm: Assembler,
  source: BlockedImages,
  operands: WalkOperands,
  emitBlock: () => void,
): void {
  const { parts } = divisionOf(source);
  const count = source.images / parts;
  for (const row of operands.rows) emitRowPointer(asm, source, row);
  const bytesOf = ({ within }: ImagesOperand): number => imageBytes({ ...source, ...within });
  for (const images of operands.images) {
    emitFirstImage(asm, source, images);
    asm.multiply(GPR.rcx, GPR.rax, count * bytesOf(images));
    asm.addRegister(images.register, GPR.rcx);
  }
  const worked = blocksOfGroup(source) * blockBytes(source);
  emitLoop(asm, GPR.rbx, count, () => {
    emitBlocks(asm, source, operands.rows, emitBlock);
    for (const images of operands.images) asm.addConstant(images.register, bytesOf(images) - worked);
  });
}

/** Emits a loop over pixels, `together` at once, and moves the pointers on; `emit` is given which of them, and its offset. */
export function emitPixels(
  asm: Assembler,
  { pixels, together, bytes, images }: Pixels,
  emit: (index: number, offset: number) => void,
): void {
  emitRounds(asm, GPR.rcx, [pixels, together], (count) => {
    for (let index = 0; index < count; index++) emit(index, index * bytes);
    for (const { register } of images) asm.addConstant(register, count * bytes);
  });
}

/** Pixels to work on. */
interface Pixels {
  readonly pixels: number;
  readonly together: number;
  /** Bytes of a pixel. */
  readonly bytes: number;
  readonly images: readonly Pick<Operand, 'register'>[];
}

/** Sums of so many vectors at once are added up one by one. */
export const SUMS = 4;
/** Sums run over so many numbers at the most before they are added to the totals, which keeps rounding small. */
const SEGMENT = 128;

/** Sums to make of pixels: of each kind, the first of {@link SUMS} registers, and where its total lies. */
export interface Sum {
  readonly first: Vector;
  readonly total: Memory;
}

/**
 * Emits sums over a block's pixels, added to totals in memory; changes rcx and rdx.
 *
 * @param emit adds the pixel at an offset to the registers of that index
 */
export function emitSums(
  asm: Assembler,
  { pixels, bytes, images }: Omit<Pixels, 'together'>,
  sums: readonly Sum[],
  emit: (index: number, offset: number) => void,
): void {
  emitRounds(asm, GPR.rdx, [pixels, SEGMENT * SUMS], (length) => {
    for (const { first } of sums) for (let i = 0; i < SUMS; i++) asm.move(first + i, ZERO);
    emitPixels(asm, { pixels: length, together: SUMS, bytes, images }, emit);
    for (const { first, total } of sums) {
      for (let count = SUMS / 2; count >= 1; count /= 2)
        for (let i = 0; i < count; i++) asm.vector('add', first + i, first + i, first + i + count);
      asm.vector('add', first, first, total);
      asm.store(total, first);
    }
  });
}
