import { type Assembler, GPR, type Lanes, type Memory, type Register, type Vector } from '../assembler.js';
import { greatestDivisor } from '../divisors.js';
import { ARGUMENT, type Constants, compileKernel, DISPLACEMENTS_END, FLOAT, type Kernel } from '../kernel.js';
import { emitLoop } from '../loop.js';
import { emitLoad, emitStore, type Format, formatBytes } from '../numbers.js';
import {
  type AxisGeometry,
  forwardAxis,
  gradientAxis,
  placesOf,
  type Run,
  runsOf,
  type Tap,
} from './axis.js';

/** A depthwise convolution of images in blocks, a vector of channels for each pixel. */
export interface DepthwiseSource {
  readonly images: number;
  /** Blocks of channels. */
  readonly blocks: number;
  /** Channels of a block. */
  readonly lanes: Lanes;
  /** Of the images; weights, biases and sums are f32. */
  readonly format: Format;
  readonly rows: AxisGeometry;
  readonly columns: AxisGeometry;
}

/** Which images are computed: y from x, or dx from dy. */
export interface DepthwiseImages extends DepthwiseSource {
  readonly pass: 'forward' | 'inputGradient';
  /** Whether a bias is added. */
  readonly bias: boolean;
}

/** Pixels that are computed at once, each in a register: several, because a sum's terms wait for each other. */
const MOST_PIXELS = 14;
const FEWEST_PIXELS = 12;

/** The widest kernel, and the largest stride, that there are registers for. */
const WIDEST = 7;
const LARGEST_STRIDE = 4;

/**
 * What is read is asked for so many bytes before: of large images the processor itself does not fetch enough at once. Weight
 * gradients take 20 to 50% less time with it where images come from memory, forward passes 0 to 25%.
 */
const AHEAD = 2048;
const CACHE_LINE = 64;

/** Bytes of x that a thread takes at once, where there are so many to take that all threads have something to do. */
const TAKEN_BYTES = 2 ** 16;
const FEWEST_TAKES = 128;

/** Bytes of a block's channels of a pixel. */
export const pixelBytes = ({ lanes, format }: DepthwiseSource): number => lanes * formatBytes(format);

/** Bytes of a block's weights of a tap, of its biases, or of sums. */
export const tapBytes = ({ lanes }: DepthwiseSource): number => lanes * FLOAT;

/** Bytes of a block of x. */
export const inputBytes = (source: DepthwiseSource): number =>
  source.rows.inputs * source.columns.inputs * pixelBytes(source);

/** Bytes of a block of y. */
export const outputBytes = (source: DepthwiseSource): number =>
  source.rows.outputs * source.columns.outputs * pixelBytes(source);

/** Bytes of a block's weights, tap by tap. */
export const weightBytes = (source: DepthwiseSource): number =>
  source.rows.kernel * source.columns.kernel * tapBytes(source);

/** Registers for vectors. */
export const registersOf = ({ lanes }: DepthwiseSource): number => (lanes === 16 ? 32 : 16);

/** Whether there are registers enough, and the addresses that the kernels compute are within what machine code can express. */
export function fitsDepthwise(source: DepthwiseSource): boolean {
  const axes = [source.rows, source.columns];
  if (axes.some(({ kernel, stride }) => kernel > WIDEST || stride > LARGEST_STRIDE)) return false;
  const image = source.blocks * Math.max(inputBytes(source), outputBytes(source));
  return Math.max(image, source.blocks * weightBytes(source)) + AHEAD < DISPLACEMENTS_END;
}

/** Emits the request for what will be read {@link AHEAD} of an offset that begins a cache line. */
export function emitAhead(asm: Assembler, base: Register, offset: number): void {
  if (offset % CACHE_LINE === 0) asm.prefetch({ base, offset: offset + AHEAD }, 1);
}

const SOURCE_ROW = GPR.r8;
const RESULT_ROW = GPR.r9;
const WEIGHTS = GPR.r10;
const SOURCE = GPR.r11;
const RESULT = GPR.r12;
const BIAS = GPR.rsi;

/** Emits a kernel of {@link compileImages}. */
class ImagesEmitter {
  private readonly pixel: number;
  private readonly sourceRow: number;
  private readonly resultRow: number;
  private readonly sourceBlock: number;
  private readonly resultBlock: number;
  private readonly rowRuns: readonly Run[];
  private readonly columnRuns: readonly Run[];
  /** Whether all weights of a block have registers; else those of a row of the kernel are loaded when it is needed. */
  private readonly isKept: boolean;
  private readonly firstWeight: Vector;
  private readonly pixelRegister: Vector;

  constructor(
    private readonly asm: Assembler,
    private readonly constants: Constants,
    private readonly source: DepthwiseImages,
  ) {
    const { pass, rows, columns } = source;
    const isForward = pass === 'forward';
    const axis = isForward ? forwardAxis : gradientAxis;
    this.pixel = pixelBytes(source);
    const [x, y] = [inputBytes(source), outputBytes(source)];
    [this.sourceBlock, this.resultBlock] = isForward ? [x, y] : [y, x];
    const [width, resultWidth] = isForward
      ? [columns.inputs, columns.outputs]
      : [columns.outputs, columns.inputs];
    this.sourceRow = width * this.pixel;
    this.resultRow = resultWidth * this.pixel;
    this.rowRuns = runsOf(axis(rows), 1);
    const left = registersOf(source) - 1 - rows.kernel * columns.kernel;
    this.isKept = left >= FEWEST_PIXELS;
    const most = this.isKept ? left : registersOf(source) - 1 - columns.kernel;
    this.columnRuns = runsOf(axis(columns), Math.min(MOST_PIXELS, most));
    this.firstWeight = most;
    this.pixelRegister = registersOf(source) - 1;
  }

  private weightAt(row: number, column: number): Memory {
    return { base: WEIGHTS, offset: (row * this.source.columns.kernel + column) * tapBytes(this.source) };
  }

  private weight(row: number, column: number): Vector {
    return this.firstWeight + (this.isKept ? row * this.source.columns.kernel : 0) + column;
  }

  private loadWeights(row: number): void {
    for (let column = 0; column < this.source.columns.kernel; column++)
      this.asm.load(this.weight(row, column), this.weightAt(row, column));
  }

  /** Emits a unit, whose number is in rax: a block of an image. */
  emitUnit(): void {
    const { asm, source } = this;
    for (const [row, operand, block] of [
      [SOURCE_ROW, ARGUMENT.src, this.sourceBlock],
      [RESULT_ROW, ARGUMENT.dst, this.resultBlock],
    ] as const) {
      asm.multiply(row, GPR.rax, block);
      asm.addMemory(row, { base: GPR.r15, offset: operand });
    }
    asm.set(GPR.rcx, source.blocks);
    asm.divide(GPR.rcx);
    asm.multiply(WEIGHTS, GPR.rdx, weightBytes(source));
    asm.addMemory(WEIGHTS, { base: GPR.r15, offset: ARGUMENT.others });
    if (source.bias) {
      asm.multiply(BIAS, GPR.rdx, tapBytes(source));
      asm.addMemory(BIAS, { base: GPR.r15, offset: ARGUMENT.bias });
    }
    if (this.isKept) for (let row = 0; row < source.rows.kernel; row++) this.loadWeights(row);
    for (const { rounds, results, advance } of this.rowRuns)
      emitLoop(asm, GPR.rbx, rounds, () => {
        for (const taps of results) {
          this.emitRow(taps, advance);
          asm.addConstant(RESULT_ROW, this.resultRow);
        }
        asm.addConstant(SOURCE_ROW, advance * this.sourceRow);
      });
  }

  /** Emits a row of results from the rows of the source that its taps meet. */
  private emitRow(rowTaps: readonly Tap[], advance: number): void {
    const { asm } = this;
    // Rows that the results above have not met.
    const firstNew = Math.max(...rowTaps.map(({ at }) => at)) - advance + 1;
    asm.copy(SOURCE, SOURCE_ROW);
    asm.copy(RESULT, RESULT_ROW);
    for (const { rounds, results, advance: places } of this.columnRuns)
      emitLoop(asm, GPR.rcx, rounds, () => {
        this.emitPixels(rowTaps, results, firstNew);
        asm.addConstant(SOURCE, places * this.pixel);
        asm.addConstant(RESULT, results.length * this.pixel);
      });
  }

  private emitPixels(rowTaps: readonly Tap[], pixels: readonly (readonly Tap[])[], firstNew: number): void {
    const { asm } = this;
    const { bias, format } = this.source;
    if (bias) for (let sum = 0; sum < pixels.length; sum++) asm.load(sum, { base: BIAS, offset: 0 });
    const isBegun = pixels.map(() => bias);
    for (const row of rowTaps) {
      if (!this.isKept) this.loadWeights(row.tap);
      for (const place of placesOf(pixels)) {
        const offset = row.at * this.sourceRow + place * this.pixel;
        emitLoad(asm, format, this.pixelRegister, { base: SOURCE, offset });
        if (row.at >= firstNew) emitAhead(asm, SOURCE, offset);
        pixels.forEach((taps, sum) => {
          for (const { tap } of taps.filter(({ at }) => at === place)) {
            const weight = this.weight(row.tap, tap);
            if (isBegun[sum]) asm.multiplyAdd(sum, weight, this.pixelRegister);
            else asm.vector('mul', sum, weight, this.pixelRegister);
            isBegun[sum] = true;
          }
        });
      }
    }
    pixels.forEach((_, sum) => {
      if (!isBegun[sum]) asm.vector('xor', sum, sum, sum);
      emitStore(asm, this.constants, { format }, { base: RESULT, offset: sum * this.pixel }, sum);
    });
  }
}

/** Units that a thread takes at once: some {@link TAKEN_BYTES}, so that threads seldom wait for each other. */
function togetherOf(source: DepthwiseImages): number {
  const units = source.images * source.blocks;
  const wanted = TAKEN_BYTES / Math.max(inputBytes(source), outputBytes(source));
  return greatestDivisor(units, Math.min(wanted, units / FEWEST_TAKES));
}

/**
 * Compiles y from x (src), or dx from dy, the weight (the first further operand), [blocks][taps][lanes], and the bias, [blocks][lanes].
 * What fills up the last block stays zero where it is zero in weight and bias.
 */
export function compileImages(source: DepthwiseImages): Kernel {
  const { images, blocks, lanes } = source;
  const share = { units: images * blocks, together: togetherOf(source), stackBytes: 0, lanes };
  return compileKernel(share, (asm, constants) => new ImagesEmitter(asm, constants, source).emitUnit());
}
