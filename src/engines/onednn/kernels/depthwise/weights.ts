import { type Assembler, GPR, type Memory, type Vector } from '../assembler.js';
import { ARGUMENT, compileKernel, FLOAT, type Kernel } from '../kernel.js';
import { emitLoop } from '../loop.js';
import { emitLoad } from '../numbers.js';
import { forwardAxis, placesOf, type Run, runsOf, type Tap } from './axis.js';
import {
  type DepthwiseSource,
  emitAhead,
  inputBytes,
  outputBytes,
  pixelBytes,
  registersOf,
  tapBytes,
  weightBytes,
} from './images.js';

/** A depthwise convolution whose weight gradient is wanted. */
export interface DepthwiseWeights extends DepthwiseSource {
  /** Groups of images, as many in each, that threads take apart. */
  readonly parts: number;
  /** Whether the gradient of the bias is wanted, too. */
  readonly bias: boolean;
}

/** Bytes of a block's sums: of its taps, and of its bias. */
function sumBytes(source: DepthwiseWeights): number {
  return weightBytes(source) + (source.bias ? tapBytes(source) : 0);
}

/** Sums run over so many pixels at the most before they are added to the totals, which keeps rounding small. */
const SEGMENT = 512;
/** Pixels of dy that are in registers at once. */
const FEWEST_PIXELS = 5;
const MOST_PIXELS = 8;

const X_ROW = GPR.r8;
const DY_ROW = GPR.r9;
const X = GPR.r11;
const DY = GPR.r12;
const X_IMAGE = GPR.rsi;
const DY_IMAGE = GPR.rdi;

/** Of a pixel of x. */
const PIXEL: Vector = 0;
/** Of dy, for the bias; elsewhere a tap's. */
const BIAS_SUM: Vector = 1;

/** A sum in a register, and where its total lies. */
interface Sum {
  readonly register: Vector;
  readonly total: Memory;
}

/** Emits a kernel of {@link compileWeightSums}. */
class WeightsEmitter {
  private readonly pixel: number;
  private readonly xRow: number;
  private readonly dyRow: number;
  private readonly rowRuns: readonly Run[];
  private readonly columnRuns: readonly Run[];
  private readonly firstSum: Vector;
  private readonly firstPixel: Vector;
  /** The kernel's rows that have sums at the same time. */
  private readonly rowsAtOnce: number;
  /** Pixels that are in the sums, and not yet in the totals. */
  private pending = 0;

  constructor(
    private readonly asm: Assembler,
    private readonly source: DepthwiseWeights,
  ) {
    const { rows, columns } = source;
    this.pixel = pixelBytes(source);
    this.xRow = columns.inputs * this.pixel;
    this.dyRow = columns.outputs * this.pixel;
    this.rowRuns = runsOf(forwardAxis(rows), 1);
    this.firstSum = BIAS_SUM + Number(source.bias);
    const left = registersOf(source) - this.firstSum;
    this.rowsAtOnce = Math.min(rows.kernel, Math.floor((left - FEWEST_PIXELS) / columns.kernel));
    this.firstPixel = this.firstSum + this.rowsAtOnce * columns.kernel;
    this.columnRuns = runsOf(
      forwardAxis(columns),
      Math.min(MOST_PIXELS, registersOf(source) - this.firstPixel),
    );
  }

  /** Emits a unit, whose number is in rax and r14: a block of a part's images. */
  emitUnit(): void {
    const { asm, source } = this;
    const { images, blocks, parts, rows } = source;
    const [bytes, tap] = [sumBytes(source), tapBytes(source)];
    const [x, dy] = [inputBytes(source), outputBytes(source)];
    asm.set(GPR.rcx, blocks);
    asm.divide(GPR.rcx);
    asm.multiply(GPR.rax, GPR.rax, (images / parts) * blocks);
    asm.addRegister(GPR.rax, GPR.rdx);
    asm.multiply(X_IMAGE, GPR.rax, x);
    asm.addMemory(X_IMAGE, { base: GPR.r15, offset: ARGUMENT.src });
    asm.multiply(DY_IMAGE, GPR.rax, dy);
    asm.addMemory(DY_IMAGE, { base: GPR.r15, offset: ARGUMENT.others });
    asm.vector('xor', PIXEL, PIXEL, PIXEL);
    for (let offset = 0; offset < bytes; offset += tap) asm.store({ base: GPR.rsp, offset }, PIXEL);
    emitLoop(asm, GPR.rbx, images / parts, () => {
      for (let first = 0; first < rows.kernel; first += this.rowsAtOnce) this.emitImage(first);
      asm.addConstant(X_IMAGE, blocks * x);
      asm.addConstant(DY_IMAGE, blocks * dy);
    });
    asm.multiply(DY_ROW, GPR.r14, bytes);
    asm.addMemory(DY_ROW, { base: GPR.r15, offset: ARGUMENT.dst });
    for (let offset = 0; offset < bytes; offset += tap) {
      asm.load(PIXEL, { base: GPR.rsp, offset });
      asm.store({ base: DY_ROW, offset }, PIXEL);
    }
  }

  /** The sums of {@link rowsAtOnce} rows of the kernel; that of the bias goes with the first ones. */
  private sumsOf(first: number): Sum[] {
    const { source } = this;
    const { kernel } = source.columns;
    const taps = Math.min(this.rowsAtOnce, source.rows.kernel - first) * kernel;
    const sums = Array.from({ length: taps }, (_, tap): Sum => {
      const total = { base: GPR.rsp, offset: (first * kernel + tap) * tapBytes(source) };
      return { register: this.firstSum + tap, total };
    });
    const bias = { register: BIAS_SUM, total: { base: GPR.rsp, offset: weightBytes(source) } };
    return source.bias && first === 0 ? [...sums, bias] : sums;
  }

  /** Emits an image's sums for some rows of the kernel, added to the totals. */
  private emitImage(first: number): void {
    const { asm, source } = this;
    const { outputs } = source.columns;
    const sums = this.sumsOf(first);
    const most = Math.max(1, Math.floor(SEGMENT / outputs));
    asm.copy(X_ROW, X_IMAGE);
    asm.copy(DY_ROW, DY_IMAGE);
    this.emitClear(sums);
    for (const { rounds, results, advance } of this.rowRuns) {
      const emitRows = (count: number): void => {
        emitLoop(asm, GPR.r10, count, () => {
          this.emitRow(results[0]!, first);
          asm.addConstant(X_ROW, advance * this.xRow);
          asm.addConstant(DY_ROW, this.dyRow);
        });
        this.pending += count * outputs;
      };
      if (this.pending + rounds * outputs > SEGMENT) this.emitTotals(sums);
      const segments = Math.ceil(rounds / most) - 1;
      emitLoop(asm, GPR.rdx, segments, () => {
        emitRows(most);
        this.emitTotals(sums);
      });
      emitRows(rounds - segments * most);
    }
    this.emitTotals(sums);
  }

  private emitClear(sums: readonly Sum[]): void {
    for (const { register } of sums) this.asm.vector('xor', register, register, register);
    this.pending = 0;
  }

  /** Adds the sums to the totals and clears them. */
  private emitTotals(sums: readonly Sum[]): void {
    if (this.pending === 0) return;
    for (const { register, total } of sums) {
      this.asm.vector('add', register, register, total);
      this.asm.store(total, register);
    }
    this.emitClear(sums);
  }

  /** Emits the sums of a row of dy with the rows of x that its taps meet. */
  private emitRow(taps: readonly Tap[], first: number): void {
    const { asm, pixel } = this;
    const { rows, format } = this.source;
    const rowTaps = taps.filter(({ tap }) => tap >= first && tap < first + this.rowsAtOnce);
    // Rows that the results above have not met.
    const last = Math.max(...rowTaps.map(({ at }) => at));
    asm.copy(X, X_ROW);
    asm.copy(DY, DY_ROW);
    for (const { rounds, results, advance } of this.columnRuns)
      emitLoop(asm, GPR.rcx, rounds, () => {
        results.forEach((_, i) => {
          emitLoad(asm, format, this.firstPixel + i, { base: DY, offset: i * pixel });
          emitAhead(asm, DY, i * pixel);
          if (this.source.bias && first === 0) asm.vector('add', BIAS_SUM, BIAS_SUM, this.firstPixel + i);
        });
        for (const place of placesOf(results))
          for (const row of rowTaps) {
            emitLoad(asm, format, PIXEL, { base: X, offset: row.at * this.xRow + place * pixel });
            if (row.at > last - rows.stride) emitAhead(asm, X, row.at * this.xRow + place * pixel);
            results.forEach((columnTaps, i) => {
              for (const { tap } of columnTaps.filter(({ at }) => at === place)) {
                const sum = this.firstSum + (row.tap - first) * this.source.columns.kernel + tap;
                asm.multiplyAdd(sum, this.firstPixel + i, PIXEL);
              }
            });
          }
        asm.addConstant(X, advance * pixel);
        asm.addConstant(DY, results.length * pixel);
      });
  }
}

/**
 * Compiles the gradients of each part's images from x (src) and dy (the first further operand): [parts][blocks][taps][lanes],
 * where the bias is one more tap.
 */
export function compileWeightSums(source: DepthwiseWeights): Kernel {
  const { blocks, parts, lanes } = source;
  return compileKernel({ units: blocks * parts, stackBytes: sumBytes(source), lanes }, (asm) =>
    new WeightsEmitter(asm, source).emitUnit(),
  );
}

/**
 * Compiles the sum of all parts of {@link compileWeightSums}' result: weights (dst), [blocks][taps][lanes], and biases (the first
 * further operand), [blocks][lanes].
 */
export function compilePartsSum(source: DepthwiseWeights): Kernel {
  const { blocks, parts, lanes } = source;
  const [tap, weights, sums] = [tapBytes(source), weightBytes(source), sumBytes(source)];
  const [part, weight, bias, sum] = [GPR.r8, GPR.r9, GPR.r10, 0] as const;
  return compileKernel({ units: blocks, stackBytes: 0, lanes }, (asm) => {
    for (const [register, bytes, offset] of [
      [part, sums, ARGUMENT.src],
      [weight, weights, ARGUMENT.dst],
      [bias, tap, ARGUMENT.others],
    ] as const) {
      asm.multiply(register, GPR.rax, bytes);
      asm.addMemory(register, { base: GPR.r15, offset });
    }
    for (let at = 0; at < sums; at += tap) {
      asm.load(sum, { base: part, offset: at });
      asm.copy(GPR.r11, part);
      emitLoop(asm, GPR.rcx, parts - 1, () => {
        asm.addConstant(GPR.r11, blocks * sums);
        asm.vector('add', sum, sum, { base: GPR.r11, offset: at });
      });
      asm.store(at < weights ? { base: weight, offset: at } : { base: bias, offset: 0 }, sum);
    }
  });
}

/** Numbers of {@link compileWeightSums}' result. */
export function weightSums(source: DepthwiseWeights): number {
  return (source.parts * source.blocks * sumBytes(source)) / FLOAT;
}
