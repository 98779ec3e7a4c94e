import { type Assembler, GPR, type Memory, type Register, type Vector } from './assembler.js';
import {
  type BlockedImages,
  blocksOf,
  divisionOf,
  emitBlocks,
  emitPixels,
  emitRowPointer,
  emitSums,
  emitUnit,
  emitWalk,
  filledChannels,
  type ImagesOperand,
  other,
  pixelBytes,
  rowBytes,
  type Within,
} from './blockedImages.js';
import { emitBlockPointers, emitChosen } from './channelRows.js';
import { CHANNEL_ROW } from './channelStatistics.js';
import { ARGUMENT, compileKernel, type Kernel, ZERO } from './kernel.js';
import { emitLoop } from './loop.js';
import { emitLoad, emitStore, type Format } from './numbers.js';

/** A normalisation, with a ReLU at its end or not. */
export interface Normalisation extends BlockedImages {
  readonly relu: boolean;
  /** Whether the result is stored past the caches, in other memory than the images'; default false. */
  readonly streams?: boolean;
}

/** Pixels of a round of a loop. */
const TOGETHER = 4;

/** Rows of what the gradient toward the images is computed with; see {@link compileFactors}. */
const FACTOR_ROW = { constant: 0, slope: 1 } as const;
const FACTOR_ROWS = 2;
/** Rows of {@link compileGradientSums}' result, for each part. */
const SUM_ROWS = 2;

/** Numbers of {@link compileGradientSums}' result. */
export function gradientSumsOf(source: BlockedImages): number {
  return divisionOf(source).parts * SUM_ROWS * filledChannels(source);
}

/** Numbers of {@link compileFactors}' result. */
export function factorsOf(source: BlockedImages): number {
  return FACTOR_ROWS * filledChannels(source);
}

/** Registers of a channel's numbers. */
const [MEAN, SCALE, SHIFT]: readonly [Vector, Vector, Vector] = [12, 13, 14];
/** Registers of a pixel: x − mean, what the normalisation makes of it, and the gradient toward that. */
const [DISTANCE, RESULT, GRADIENT]: readonly [Vector, Vector, Vector] = [0, 1, 2];
/** Where the result is positive, with vectors of 16. */
const POSITIVE = 2;

/** Emits loads of a block's numbers. */
function emitChannel(asm: Assembler, source: BlockedImages, table: Register, rows: Partial<Rows>): void {
  for (const [name, register] of Object.entries(rows)) {
    const index = CHANNEL_ROW[name as keyof typeof CHANNEL_ROW];
    asm.load(register, { base: table, offset: index * rowBytes(source) });
  }
}

type Rows = Record<keyof typeof CHANNEL_ROW, Vector>;

/** Emits {@link DISTANCE} = x − mean. */
function emitDistance(asm: Assembler, format: Format, x: Memory): void {
  emitLoad(asm, format, DISTANCE, x);
  asm.vector('sub', DISTANCE, DISTANCE, MEAN);
}

/** Emits {@link RESULT} = γ/σ·(x − mean) + β; the gradient decides by it where the ReLU was 0, so both compute it alike. */
function emitResult(asm: Assembler): void {
  asm.move(RESULT, SHIFT);
  asm.multiplyAdd(RESULT, DISTANCE, SCALE);
}

/** Emits {@link GRADIENT} = dy, or 0 where the ReLU was; {@link DISTANCE} is known. */
function emitGradient(asm: Assembler, { relu, format }: Normalisation, dy: Memory): void {
  // Loaded whole: a masked load would wait for the mask, and so for x.
  emitLoad(asm, format, GRADIENT, dy);
  if (!relu) return;
  emitResult(asm);
  if (asm.lanes === 16) {
    asm.notAtMost(POSITIVE, RESULT, ZERO);
    asm.move(GRADIENT, GRADIENT, POSITIVE);
  } else {
    asm.notAtMost(RESULT, RESULT, ZERO);
    asm.vector('and', GRADIENT, GRADIENT, RESULT);
  }
}

/**
 * Compiles y = γ/σ·(x − mean) + β, or max(0, y): src x, dst y (the same memory or not), and further the table of `compileStatistics`.
 */
export function compileNormalisation(source: Normalisation): Kernel {
  const division = divisionOf(source);
  const [x, y] = [
    { register: GPR.r8, argument: ARGUMENT.src },
    { register: GPR.r9, argument: ARGUMENT.dst },
  ] as const;
  const table = { register: GPR.r10, argument: other(0) } as const;
  const { lanes, pixels, format, relu, streams } = source;
  return compileKernel(
    { units: division.parts * division.groups, stackBytes: 0, lanes },
    (asm, constants) => {
      emitUnit(asm, division);
      emitWalk(asm, source, { images: [x, y], rows: [table] }, () => {
        emitChannel(asm, source, table.register, { mean: MEAN, scale: SCALE, shift: SHIFT });
        emitPixels(
          asm,
          { pixels, together: TOGETHER, bytes: pixelBytes(source), images: [x, y] },
          (_, offset) => {
            emitDistance(asm, format, { base: x.register, offset });
            emitResult(asm);
            // In this order it keeps what is no number.
            if (relu) asm.vector('max', RESULT, ZERO, RESULT);
            emitStore(asm, constants, { format, streams }, { base: y.register, offset }, RESULT);
          },
        );
      });
      if (streams) asm.endStreaming();
    },
  );
}

/**
 * Compiles Σ dy and Σ dy·(x − mean) over each part's images, where dy counts as 0 where the ReLU was: [parts][2][channels, filled up].
 * Operands: src x, and further dy and the table of `compileStatistics`.
 */
export function compileGradientSums(source: Normalisation): Kernel {
  const { lanes, pixels, format, relu } = source;
  const division = divisionOf(source);
  const row = rowBytes(source);
  const x = { register: GPR.r8, argument: ARGUMENT.src } as const;
  const dy = { register: GPR.r9, argument: other(0) } as const;
  const table = { register: GPR.r10, argument: other(1) } as const;
  const sums = { register: GPR.r11, argument: ARGUMENT.dst, partBytes: SUM_ROWS * row } as const;
  const at = (index: number): Memory => ({ base: sums.register, offset: index * row });
  return compileKernel({ units: division.parts * division.groups, stackBytes: 0, lanes }, (asm) => {
    emitUnit(asm, division);
    emitRowPointer(asm, source, sums);
    emitBlocks(asm, source, [sums], () => {
      for (let index = 0; index < SUM_ROWS; index++) asm.store(at(index), ZERO);
    });
    emitWalk(asm, source, { images: [x, dy], rows: [table, sums] }, () => {
      emitChannel(asm, source, table.register, { mean: MEAN, ...(relu && { scale: SCALE, shift: SHIFT }) });
      const [gradients, products] = [4, 8];
      const totals = [
        { first: gradients, total: at(0) },
        { first: products, total: at(1) },
      ];
      emitSums(asm, { pixels, bytes: pixelBytes(source), images: [x, dy] }, totals, (index, offset) => {
        emitDistance(asm, format, { base: x.register, offset });
        emitGradient(asm, source, { base: dy.register, offset });
        asm.vector('add', gradients + index, gradients + index, GRADIENT);
        asm.multiplyAdd(products + index, GRADIENT, DISTANCE);
      });
    });
  });
}

/**
 * Compiles dγ = Σ dy·(x − mean)/σ and dβ = Σ dy, of the channels alone, and what dx = γ/σ·dy + a + b·(x − mean) needs: a = −γ/σ·mean(dy),
 * b = −γ/σ·mean(dy·(x − mean))/σ², [2][channels, filled up]. Operands: src the sums of {@link compileGradientSums}, dst a and b, and further the
 * table of `compileStatistics`, dγ and dβ.
 */
export function compileFactors(source: BlockedImages): Kernel {
  const { images, pixels, lanes } = source;
  const { parts } = divisionOf(source);
  const row = rowBytes(source);
  const at = (register: Register, index = 0): Memory => ({ base: register, offset: index * row });
  return compileKernel({ units: blocksOf(source), stackBytes: 0, lanes }, (asm, constants) => {
    const share = constants.of(-1 / (images * pixels));
    const channels = emitChosen(asm, constants, source);
    const [sums, factors, table, gammas, betas] = [GPR.r8, GPR.r9, GPR.r10, GPR.r11, GPR.r12];
    const operands = [ARGUMENT.src, ARGUMENT.dst, other(0), other(1), other(2)];
    emitBlockPointers(asm, [sums, factors, table, gammas, betas], operands);
    const [gradient, product, scale, inverse]: [Vector, Vector, Vector, Vector] = [0, 1, 2, 3];
    for (const register of [gradient, product]) asm.move(register, ZERO);
    emitLoop(asm, GPR.rbx, parts, () => {
      asm.vector('add', gradient, gradient, at(sums));
      asm.vector('add', product, product, at(sums, 1));
      asm.addConstant(sums, SUM_ROWS * row);
    });
    emitChannel(asm, source, table, { scale, inverseDeviation: inverse });
    asm.vector('mul', product, product, inverse);
    channels.store(at(gammas), product);
    channels.store(at(betas), gradient);
    asm.vector('mul', scale, scale, share);
    asm.vector('mul', gradient, gradient, scale);
    asm.store(at(factors, FACTOR_ROW.constant), gradient);
    asm.vector('mul', product, product, inverse);
    asm.vector('mul', product, product, scale);
    asm.store(at(factors, FACTOR_ROW.slope), product);
  });
}

/** The gradient of a normalisation toward its images, and what is added to it. */
export interface ImageGradient extends Normalisation {
  /** Default is nothing; images within larger ones, or as they are (`whole`). */
  readonly addend?: Within | 'whole' | undefined;
}

/** Where the addend's images lie. */
function addendOperand({ addend }: ImageGradient): readonly ImagesOperand[] {
  if (addend === undefined) return [];
  const within = addend === 'whole' ? undefined : addend;
  return [{ register: GPR.rdi, argument: other(3), within }];
}

/**
 * Compiles dx = γ/σ·dy + a + b·(x − mean) + addend, where dy counts as 0 where the ReLU was. Operands: src x, dst dx, and further dy (which may
 * be dx's memory), the table of `compileStatistics`, a and b, and the addend.
 */
export function compileImageGradient(source: ImageGradient): Kernel {
  const { lanes, pixels, format, relu } = source;
  const { parts, groups } = divisionOf(source);
  const row = rowBytes(source);
  const x = { register: GPR.r8, argument: ARGUMENT.src } as const;
  const dx = { register: GPR.r9, argument: ARGUMENT.dst } as const;
  const dy = { register: GPR.r10, argument: other(0) } as const;
  const table = { register: GPR.r11, argument: other(1) } as const;
  const factors = { register: GPR.rsi, argument: other(2) } as const;
  const addends = addendOperand(source);
  const images = [x, dx, dy, ...addends];
  const loop = { pixels, together: TOGETHER, bytes: pixelBytes(source), images };
  const [constant, slope, sum, addend]: [Vector, Vector, Vector, Vector] = [10, 11, 3, 4];
  return compileKernel({ units: parts * groups, stackBytes: 0, lanes }, (asm, constants) => {
    emitUnit(asm, { parts, groups });
    emitWalk(asm, source, { images, rows: [table, factors] }, () => {
      emitChannel(asm, source, table.register, { mean: MEAN, scale: SCALE, ...(relu && { shift: SHIFT }) });
      asm.load(constant, { base: factors.register, offset: FACTOR_ROW.constant * row });
      asm.load(slope, { base: factors.register, offset: FACTOR_ROW.slope * row });
      emitPixels(asm, loop, (_, offset) => {
        emitDistance(asm, format, { base: x.register, offset });
        emitGradient(asm, source, { base: dy.register, offset });
        asm.move(sum, constant);
        asm.multiplyAdd(sum, DISTANCE, slope);
        asm.multiplyAdd(sum, GRADIENT, SCALE);
        for (const { register } of addends) {
          emitLoad(asm, format, addend, { base: register, offset });
          asm.vector('add', sum, sum, addend);
        }
        emitStore(asm, constants, { format }, { base: dx.register, offset }, sum);
      });
    });
  });
}
