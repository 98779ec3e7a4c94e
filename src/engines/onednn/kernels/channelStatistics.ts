import { type Assembler, GPR, type Vector } from './assembler.js';
import { ARGUMENT, type Constants, compileKernel, type Kernel, VECTOR, ZERO } from './kernel.js';

/** Images in blocks of eight channels, whose channels' means and variances are wanted. */
export interface ChannelStatistics {
  readonly images: number;
  /** Blocks of channels. */
  readonly blocks: number;
  /** Of one channel of one image. */
  readonly pixels: number;
}

/** Sums run over so many pixels at the most before they are added to the totals, which keeps rounding small. */
const SEGMENT = 512;
/** Pixels that are added at once, each to sums of its own. */
const LANES = 4;

const PIXEL: Vector = 0;
const SHIFT: Vector = 12;
const TOTAL: Vector = 13;
const SQUARES: Vector = 14;
const sumOf = (lane: number): Vector => 4 + lane;
const squaresOf = (lane: number): Vector => 8 + lane;

/** Emits Σ(x − shift) and Σ(x − shift)² of some pixels, added to the totals. */
function emitSegment(asm: Assembler, pixels: number): void {
  for (let lane = 0; lane < LANES; lane++)
    for (const register of [sumOf(lane), squaresOf(lane)]) asm.vector('xor', register, register, register);
  const add = (lane: number): void => {
    asm.load(PIXEL, { base: GPR.r8, offset: VECTOR * lane });
    asm.vector('sub', PIXEL, PIXEL, SHIFT);
    asm.vector('add', sumOf(lane), sumOf(lane), PIXEL);
    asm.multiplyAdd(squaresOf(lane), PIXEL, PIXEL);
  };
  const rounds = Math.floor(pixels / LANES);
  if (rounds > 0) {
    asm.set(GPR.r12, rounds);
    const begin = asm.position;
    for (let lane = 0; lane < LANES; lane++) add(lane);
    asm.addConstant(GPR.r8, VECTOR * LANES);
    asm.loopBack(GPR.r12, begin);
  }
  const rest = pixels % LANES;
  for (let lane = 0; lane < rest; lane++) add(lane);
  asm.addConstant(GPR.r8, VECTOR * rest);
  for (const [total, part] of [
    [TOTAL, sumOf],
    [SQUARES, squaresOf],
  ] as const) {
    asm.vector('add', part(0), part(0), part(1));
    asm.vector('add', part(2), part(2), part(3));
    asm.vector('add', part(0), part(0), part(2));
    asm.vector('add', total, total, part(0));
  }
}

/** Emits the totals of a unit, a block of channels, whose first image r8 points to. */
function emitTotals(asm: Assembler, { images, blocks, pixels }: ChannelStatistics): void {
  for (const total of [TOTAL, SQUARES]) asm.vector('xor', total, total, total);
  asm.set(GPR.rbx, images);
  const image = asm.position;
  const segments = Math.floor(pixels / SEGMENT);
  if (segments > 0) {
    asm.set(GPR.r10, segments);
    const segment = asm.position;
    emitSegment(asm, SEGMENT);
    asm.loopBack(GPR.r10, segment);
  }
  if (pixels % SEGMENT > 0) emitSegment(asm, pixels % SEGMENT);
  asm.addConstant(GPR.r8, (blocks - 1) * pixels * VECTOR);
  asm.loopBack(GPR.rbx, image);
}

/**
 * Compiles the mean and the variance (divided by the number of elements) of each channel, in one pass: of
 * x − s, where s is the channel's first number, so that the sum of squares is not far larger than the variance. The
 * result is [2][channels, filled up to whole blocks].
 */
export function compileStatistics(statistics: ChannelStatistics): Kernel {
  const { images, blocks, pixels } = statistics;
  return compileKernel({ units: blocks, stackBytes: 0 }, (asm, constants: Constants) => {
    const share = constants.of(1 / (images * pixels));
    asm.multiply(GPR.r8, GPR.rax, pixels * VECTOR);
    asm.addMemory(GPR.r8, { base: GPR.r15, offset: ARGUMENT.src });
    asm.multiply(GPR.r9, GPR.rax, VECTOR);
    asm.addMemory(GPR.r9, { base: GPR.r15, offset: ARGUMENT.dst });
    asm.load(SHIFT, { base: GPR.r8, offset: 0 });
    emitTotals(asm, statistics);
    asm.vector('mul', TOTAL, TOTAL, share);
    asm.vector('mul', SQUARES, SQUARES, share);
    asm.vector('add', SHIFT, SHIFT, TOTAL);
    asm.store({ base: GPR.r9, offset: 0 }, SHIFT);
    asm.vector('mul', TOTAL, TOTAL, TOTAL);
    asm.vector('sub', SQUARES, SQUARES, TOTAL);
    asm.vector('max', SQUARES, SQUARES, ZERO);
    asm.store({ base: GPR.r9, offset: blocks * VECTOR }, SQUARES);
  });
}
