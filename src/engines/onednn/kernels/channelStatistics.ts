import { GPR, type Memory, type Register, type Vector } from './assembler.js';
import {
  type BlockedImages,
  blockBytes,
  blocksOf,
  divisionOf,
  emitBlocks,
  emitFirstImage,
  emitRowPointer,
  emitSums,
  emitUnit,
  emitWalk,
  filledChannels,
  other,
  pixelBytes,
  rowBytes,
} from './blockedImages.js';
import { emitBlockPointers, emitChosen } from './channelRows.js';
import { ARGUMENT, compileKernel, type Kernel, ZERO } from './kernel.js';
import { emitLoop } from './loop.js';
import { emitLoad } from './numbers.js';

/** Rows of {@link compileSums}' result, for each part: Σ(x − s), Σ(x − s)² and s. */
const SUM_ROWS = 3;

/** Rows of {@link compileStatistics}' result: what a normalisation and its gradient need of each channel. */
export const CHANNEL_ROW = { mean: 0, variance: 1, scale: 2, shift: 3, inverseDeviation: 4 } as const;
/** Their number. */
export const CHANNEL_ROWS = 5;

/** Numbers of {@link compileSums}' result. */
export function sumsOf(source: BlockedImages): number {
  return divisionOf(source).parts * SUM_ROWS * filledChannels(source);
}

/**
 * Compiles sums over each part's images: [parts][{@link SUM_ROWS}][channels, filled up to whole blocks], in one pass. The numbers are taken
 * from the channel's first one, so that the sum of squares is not far larger than the variance.
 */
export function compileSums(source: BlockedImages): Kernel {
  const { lanes, format, pixels } = source;
  const division = divisionOf(source);
  const row = rowBytes(source);
  const [pixel, shift]: [Vector, Vector] = [0, 1];
  const images = { register: GPR.r8, argument: ARGUMENT.src } as const;
  const sums = { register: GPR.r9, argument: ARGUMENT.dst, partBytes: SUM_ROWS * row } as const;
  const at = (index: number): Memory => ({ base: sums.register, offset: index * row });
  return compileKernel({ units: division.parts * division.groups, stackBytes: 0, lanes }, (asm) => {
    emitUnit(asm, division);
    emitRowPointer(asm, source, sums);
    emitFirstImage(asm, source, images);
    emitBlocks(asm, source, [sums], () => {
      emitLoad(asm, format, shift, { base: images.register, offset: 0 });
      [ZERO, ZERO, shift].forEach((register, index) => {
        asm.store(at(index), register);
      });
      asm.addConstant(images.register, blockBytes(source));
    });
    emitWalk(asm, source, { images: [images], rows: [sums] }, () => {
      asm.load(shift, at(2));
      const totals = [
        { first: 4, total: at(0) },
        { first: 8, total: at(1) },
      ];
      emitSums(asm, { pixels, bytes: pixelBytes(source), images: [images] }, totals, (index, offset) => {
        emitLoad(asm, format, pixel, { base: images.register, offset });
        asm.vector('sub', pixel, pixel, shift);
        asm.vector('add', 4 + index, 4 + index, pixel);
        asm.multiplyAdd(8 + index, pixel, pixel);
      });
    });
  });
}

/** Images whose channels are normalised. */
export interface Statistics extends BlockedImages {
  readonly epsilon: number;
}

/**
 * Compiles what normalisation needs of each channel, {@link CHANNEL_ROW}, from {@link compileSums}' result: mean, variance (divided by the
 * number of elements), γ/σ, β and 1/σ, of [channels, filled up to whole blocks] each. Further operands: γ and β, of the channels alone.
 */
export function compileStatistics(source: Statistics): Kernel {
  const { images, pixels, epsilon, lanes } = source;
  const { parts } = divisionOf(source);
  const row = rowBytes(source);
  const at = (register: Register, index = 0): Memory => ({ base: register, offset: index * row });
  return compileKernel({ units: blocksOf(source), stackBytes: 0, lanes }, (asm, constants) => {
    const [share, one, least] = [1 / (images * pixels), 1, epsilon].map((value) => constants.of(value));
    const channels = emitChosen(asm, constants, source);
    const [sums, table, gammas, betas] = [GPR.r8, GPR.r9, GPR.r10, GPR.r11];
    emitBlockPointers(asm, [sums, table, gammas, betas], [ARGUMENT.src, ARGUMENT.dst, other(0), other(1)]);
    const [mean, variance, shift, factor]: [Vector, Vector, Vector, Vector] = [0, 1, 2, 3];
    asm.load(shift, at(sums, 2));
    for (const register of [mean, variance]) asm.move(register, ZERO);
    emitLoop(asm, GPR.rbx, parts, () => {
      asm.vector('add', mean, mean, at(sums));
      asm.vector('add', variance, variance, at(sums, 1));
      asm.addConstant(sums, SUM_ROWS * row);
    });
    asm.vector('mul', mean, mean, share!);
    asm.vector('mul', variance, variance, share!);
    asm.vector('add', shift, shift, mean);
    asm.store(at(table, CHANNEL_ROW.mean), shift);
    asm.vector('mul', mean, mean, mean);
    asm.vector('sub', variance, variance, mean);
    asm.vector('max', variance, ZERO, variance);
    asm.store(at(table, CHANNEL_ROW.variance), variance);
    asm.vector('add', variance, variance, least!);
    asm.squareRoot(variance, variance);
    asm.load(factor, one!);
    asm.vector('div', factor, factor, variance);
    asm.store(at(table, CHANNEL_ROW.inverseDeviation), factor);
    channels.load(mean, at(gammas));
    asm.vector('mul', factor, factor, mean);
    asm.store(at(table, CHANNEL_ROW.scale), factor);
    channels.load(mean, at(betas));
    asm.store(at(table, CHANNEL_ROW.shift), mean);
  });
}
