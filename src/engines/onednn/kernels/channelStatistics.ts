import { type Assembler, GPR, type Vector } from './assembler.js';
import { ARGUMENT, BLOCK, compileKernel, DISPLACEMENTS_END, type Kernel, VECTOR, ZERO } from './kernel.js';

/** Images in blocks of channels, whose channels' means and variances are wanted. */
export interface ChannelStatistics {
  readonly images: number;
  /** Blocks of channels. */
  readonly blocks: number;
  /** Vectors of a block: 1 with blocks of 8 channels, 2 with 16. */
  readonly vectors: 1 | 2;
  /** Of one channel of one image. */
  readonly pixels: number;
  /** Groups of images, as many in each, that threads take apart. */
  readonly parts: number;
}

/** Sums run over so many numbers at the most before they are added to the totals, which keeps rounding small. */
const SEGMENT = 128;
/** Vectors that are added at once, each to sums of its own. */
const SUMS = 4;
/** Units of work to share out, where there are enough images. */
const LEAST_UNITS = 16;

const PIXEL: Vector = 0;
/** Of a block's vectors. */
const SHIFTS: readonly Vector[] = [12, 1];
const TOTALS: readonly Vector[] = [13, 2];
const SQUARES: readonly Vector[] = [14, 3];
const sumOf = (index: number): Vector => 4 + index;
const squaresOf = (index: number): Vector => 8 + index;

/** Results of a part: sums of x − s, of (x − s)², and s. */
const ROWS = 3;

/** Groups that images are to be divided into, so that many threads have something to do: always the same for a shape. */
export function partsOf(images: number, blocks: number): number {
  for (let parts = 1; parts < images; parts++)
    if (images % parts === 0 && parts * blocks >= LEAST_UNITS) return parts;
  return images;
}

/** Whether the addresses that the kernels compute are within what machine code can express. */
export function fitsKernel(source: ChannelStatistics): boolean {
  return (source.images / source.parts) * imageBytes(source) < DISPLACEMENTS_END;
}

function blockBytes({ pixels, vectors }: ChannelStatistics): number {
  return pixels * vectors * VECTOR;
}

function imageBytes(source: ChannelStatistics): number {
  return source.blocks * blockBytes(source);
}

/** Bytes of a number for each channel. */
function rowBytes({ blocks, vectors }: ChannelStatistics): number {
  return blocks * vectors * VECTOR;
}

/** Emits Σ(x − shift) and Σ(x − shift)² of some pixels, added to the totals. */
function emitSegment(asm: Assembler, vectors: number, pixels: number): void {
  const lanes = SUMS / vectors;
  for (let index = 0; index < SUMS; index++)
    for (const register of [sumOf(index), squaresOf(index)]) asm.vector('xor', register, register, register);
  const add = (index: number): void => {
    asm.load(PIXEL, { base: GPR.r8, offset: VECTOR * index });
    asm.vector('sub', PIXEL, PIXEL, SHIFTS[index % vectors]!);
    asm.vector('add', sumOf(index), sumOf(index), PIXEL);
    asm.multiplyAdd(squaresOf(index), PIXEL, PIXEL);
  };
  const rounds = Math.floor(pixels / lanes);
  if (rounds > 0) {
    asm.set(GPR.r12, rounds);
    const begin = asm.position;
    for (let index = 0; index < SUMS; index++) add(index);
    asm.addConstant(GPR.r8, VECTOR * SUMS);
    asm.loopBack(GPR.r12, begin);
  }
  const rest = (pixels % lanes) * vectors;
  for (let index = 0; index < rest; index++) add(index);
  asm.addConstant(GPR.r8, VECTOR * rest);
  for (const [totals, part] of [
    [TOTALS, sumOf],
    [SQUARES, squaresOf],
  ] as const) {
    // Sums of one vector are `vectors` apart.
    for (let count = SUMS / 2; count >= vectors; count /= 2)
      for (let index = 0; index < count; index++)
        asm.vector('add', part(index), part(index), part(index + count));
    for (let v = 0; v < vectors; v++) asm.vector('add', totals[v]!, totals[v]!, part(v));
  }
}

/** Emits the totals of a part's images, the first of whose blocks r8 points to. */
function emitTotals(asm: Assembler, source: ChannelStatistics): void {
  const { images, parts, vectors, pixels } = source;
  for (let v = 0; v < vectors; v++)
    for (const total of [TOTALS[v]!, SQUARES[v]!]) asm.vector('xor', total, total, total);
  asm.set(GPR.rbx, images / parts);
  const image = asm.position;
  const length = (SEGMENT * SUMS) / vectors;
  const segments = Math.floor(pixels / length);
  if (segments > 0) {
    asm.set(GPR.r10, segments);
    const segment = asm.position;
    emitSegment(asm, vectors, length);
    asm.loopBack(GPR.r10, segment);
  }
  if (pixels % length > 0) emitSegment(asm, vectors, pixels % length);
  asm.addConstant(GPR.r8, imageBytes(source) - blockBytes(source));
  asm.loopBack(GPR.rbx, image);
}

/**
 * Compiles sums over each part's images: [parts][{@link ROWS}][channels, filled up to whole blocks], in one pass. The numbers are taken
 * from the channel's first one, so that the sum of squares is not far larger than the variance.
 */
export function compileSums(source: ChannelStatistics): Kernel {
  const { images, blocks, parts, vectors } = source;
  const block = blockBytes(source);
  return compileKernel({ units: blocks * parts, stackBytes: 0 }, (asm) => {
    asm.set(GPR.rcx, blocks);
    asm.divide(GPR.rcx);
    asm.multiply(GPR.r8, GPR.rdx, block);
    asm.addMemory(GPR.r8, { base: GPR.r15, offset: ARGUMENT.src });
    for (let v = 0; v < vectors; v++) asm.load(SHIFTS[v]!, { base: GPR.r8, offset: v * VECTOR });
    asm.multiply(GPR.r9, GPR.rax, (images / parts) * imageBytes(source));
    asm.addRegister(GPR.r8, GPR.r9);
    asm.multiply(GPR.r9, GPR.rax, ROWS * rowBytes(source));
    asm.multiply(GPR.r11, GPR.rdx, vectors * VECTOR);
    asm.addRegister(GPR.r9, GPR.r11);
    asm.addMemory(GPR.r9, { base: GPR.r15, offset: ARGUMENT.dst });
    emitTotals(asm, source);
    for (let v = 0; v < vectors; v++)
      [TOTALS[v]!, SQUARES[v]!, SHIFTS[v]!].forEach((register, row) => {
        asm.store({ base: GPR.r9, offset: row * rowBytes(source) + v * VECTOR }, register);
      });
  });
}

/**
 * Compiles the mean and the variance (divided by the number of elements) of each channel from {@link compileSums}' result:
 * [2][channels, filled up to whole blocks].
 */
export function compileStatistics(source: ChannelStatistics): Kernel {
  const { images, parts, pixels, blocks, vectors } = source;
  const row = rowBytes(source);
  const [total, squares, shift] = [TOTALS[0]!, SQUARES[0]!, SHIFTS[0]!];
  return compileKernel({ units: blocks * vectors, stackBytes: 0 }, (asm, constants) => {
    const share = constants.of(1 / (images * pixels));
    asm.multiply(GPR.r9, GPR.rax, VECTOR);
    asm.copy(GPR.r8, GPR.r9);
    asm.addMemory(GPR.r8, { base: GPR.r15, offset: ARGUMENT.src });
    asm.addMemory(GPR.r9, { base: GPR.r15, offset: ARGUMENT.dst });
    asm.load(shift, { base: GPR.r8, offset: (ROWS - 1) * row });
    for (const register of [total, squares]) asm.vector('xor', register, register, register);
    asm.set(GPR.rbx, parts);
    const part = asm.position;
    asm.vector('add', total, total, { base: GPR.r8, offset: 0 });
    asm.vector('add', squares, squares, { base: GPR.r8, offset: row });
    asm.addConstant(GPR.r8, ROWS * row);
    asm.loopBack(GPR.rbx, part);
    asm.vector('mul', total, total, share);
    asm.vector('mul', squares, squares, share);
    asm.vector('add', shift, shift, total);
    asm.store({ base: GPR.r9, offset: 0 }, shift);
    asm.vector('mul', total, total, total);
    asm.vector('sub', squares, squares, total);
    asm.vector('max', squares, squares, ZERO);
    asm.store({ base: GPR.r9, offset: row }, squares);
  });
}

/** Channels of the results: those of whole blocks. */
export function channelsOf({ blocks, vectors }: ChannelStatistics): number {
  return blocks * vectors * BLOCK;
}

/** Numbers of {@link compileSums}' result. */
export function sumsOf(source: ChannelStatistics): number {
  return source.parts * ROWS * channelsOf(source);
}
