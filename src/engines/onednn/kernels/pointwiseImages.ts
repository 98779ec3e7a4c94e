/** Machine code of 1×1 convolutions of images in bf16, with AVX512-BF16. */
import { type Assembler, GPR, type Vector } from './assembler.js';
import { greatestDivisor } from './divisors.js';
import { ARGUMENT, compileKernel, DISPLACEMENTS_END, FLOAT, type Kernel } from './kernel.js';
import { emitLoop } from './loop.js';

/** A 1×1 convolution of images in blocks of 16 channels: y from x, or dx from dy. */
export interface PointwiseImages {
  readonly images: number;
  /** Of one channel of one image. */
  readonly pixels: number;
  /** Channels that are read. */
  readonly channels: number;
  /** Channels of the result. */
  readonly results: number;
  readonly hasBias: boolean;
}

const BLOCK = 16;
const VECTOR = BLOCK * FLOAT;
/** Bytes of a pixel of a block. */
const PIXEL = VECTOR / 2;
/** Pairs of channels of a block; of each a weight vector for a block of results. */
const PAIRS = BLOCK / 2;
const PAIR_BYTES = 4;
const CACHE_LINE = 64;

/** Sums in registers at the most: of a tile's pixels, for up to three blocks of results. */
const MOST_SUMS = 28;
const MOST_BLOCKS = 3;
const FACTOR: Vector = 0;
const FIRST_WEIGHT: Vector = 1;
const FIRST_SUM: Vector = 4;

/** Channels of small images are fetched a whole image ahead, into the second cache, others so many bytes. */
const SMALL = 2 ** 17;
const AHEAD = 2048;

/** Units of work to share out, where images have enough pixels, and fewest pixels of one that is not a whole image. */
const LEAST_UNITS = 64;
const LEAST_PIXELS = 128;

const [SOURCE, RESULT, WEIGHT, BIAS] = [GPR.r8, GPR.r9, GPR.r10, GPR.r11] as const;
const [TILE_SOURCE, TILE_RESULT, BLOCK_WEIGHT] = [GPR.rsi, GPR.rdi, GPR.r12] as const;

const blocksOf = (channels: number): number => Math.ceil(channels / BLOCK);

/** Whether the addresses that the kernel computes are within what machine code can express. */
export function fitsPointwiseImages({ images, pixels, channels, results }: PointwiseImages): boolean {
  const [read, written] = [blocksOf(channels), blocksOf(results)];
  const imageBytes = Math.max(read, written) * pixels * PIXEL;
  return Math.max(images * imageBytes, read * written * PAIRS * VECTOR) < DISPLACEMENTS_END;
}

/** Parts of an image's pixels that are units of their own. */
function partsOf({ images, pixels }: PointwiseImages): number {
  return greatestDivisor(pixels, Math.min(Math.ceil(LEAST_UNITS / images), pixels / LEAST_PIXELS));
}

/** Blocks of results that are computed together: two at a time, then three where their number is odd; one alone. */
function blocksAtOnce(written: number): number[] {
  if (written === 1) return [1];
  const isOdd = written % 2 === 1;
  const pairs = new Array<number>((written - (isOdd ? MOST_BLOCKS : 0)) / 2).fill(2);
  return isOdd ? [...pairs, MOST_BLOCKS] : pairs;
}

/** Emits the kernel of {@link compilePointwiseImages}. */
class Emitter {
  private readonly blockBytes: number;
  /** Blocks of channels that are read, and of the result. */
  private readonly read: number;
  private readonly written: number;

  constructor(
    private readonly asm: Assembler,
    private readonly source: PointwiseImages,
    private readonly parts: number,
  ) {
    const { pixels, channels, results } = source;
    this.read = blocksOf(channels);
    this.written = blocksOf(results);
    this.blockBytes = pixels * PIXEL;
  }

  /** Emits a unit, whose number is in rax: a part of an image's pixels. */
  emitUnit(): void {
    const asm = this.asm;
    const pixels = this.source.pixels / this.parts;
    asm.set(GPR.rcx, this.parts);
    asm.divide(GPR.rcx);
    for (const [pointer, operand, bytes] of [
      [TILE_SOURCE, ARGUMENT.src, this.read * this.blockBytes],
      [TILE_RESULT, ARGUMENT.dst, this.written * this.blockBytes],
    ] as const) {
      asm.multiply(pointer, GPR.rax, bytes);
      asm.multiply(GPR.rcx, GPR.rdx, pixels * PIXEL);
      asm.addRegister(pointer, GPR.rcx);
      asm.addMemory(pointer, { base: GPR.r15, offset: operand });
    }
    const most = Math.floor(MOST_SUMS / Math.max(...blocksAtOnce(this.written)));
    const tiles = Math.ceil(pixels / most);
    const size = Math.ceil(pixels / tiles);
    const smaller = tiles * size - pixels;
    emitLoop(asm, GPR.rbx, tiles - smaller, () => this.emitTile(size));
    emitLoop(asm, GPR.rbx, smaller, () => this.emitTile(size - 1));
  }

  /** Emits all results of some pixels. */
  private emitTile(pixels: number): void {
    const { asm, source, written } = this;
    asm.copy(RESULT, TILE_RESULT);
    asm.loadRegister(BLOCK_WEIGHT, { base: GPR.r15, offset: ARGUMENT.others });
    if (source.hasBias) asm.loadRegister(BIAS, { base: GPR.r15, offset: ARGUMENT.bias });
    const groups = blocksAtOnce(written);
    const pairs = groups.filter((blocks) => blocks === 2).length;
    emitLoop(asm, GPR.rcx, pairs, () => this.emitResults(pixels, 2));
    for (const blocks of groups.slice(pairs)) this.emitResults(pixels, blocks);
    asm.addConstant(TILE_SOURCE, pixels * PIXEL);
    asm.addConstant(TILE_RESULT, pixels * PIXEL);
  }

  /** Emits one or two blocks of the results of some pixels. */
  private emitResults(pixels: number, blocks: number): void {
    const { asm, source, read } = this;
    const weightBlock = read * PAIRS * VECTOR;
    const each = (emit: (sum: Vector, pixel: number, block: number) => void): void => {
      for (let pixel = 0; pixel < pixels; pixel++)
        for (let block = 0; block < blocks; block++) emit(FIRST_SUM + pixel * blocks + block, pixel, block);
    };
    each((sum, _, block) => {
      if (source.hasBias) asm.load(sum, { base: BIAS, offset: block * VECTOR });
      else asm.vector('xor', sum, sum, sum);
    });
    asm.copy(SOURCE, TILE_SOURCE);
    asm.copy(WEIGHT, BLOCK_WEIGHT);
    emitLoop(asm, GPR.rdx, read, () => {
      this.emitProducts(pixels, blocks, weightBlock);
      asm.addConstant(SOURCE, this.blockBytes);
      asm.addConstant(WEIGHT, PAIRS * VECTOR);
    });
    each((sum, pixel, block) => {
      asm.roundToBf16(FACTOR, sum);
      asm.storeHalf({ base: RESULT, offset: block * this.blockBytes + pixel * PIXEL }, FACTOR);
    });
    asm.addConstant(RESULT, blocks * this.blockBytes);
    asm.addConstant(BLOCK_WEIGHT, blocks * weightBlock);
    if (source.hasBias) asm.addConstant(BIAS, blocks * VECTOR);
  }

  /** Emits the products of a block of channels, added to the sums, and fetches the next pixels' channels. */
  private emitProducts(pixels: number, blocks: number, weightBlock: number): void {
    const { asm } = this;
    const imageBytes = this.read * this.blockBytes;
    const [ahead, level] = imageBytes <= SMALL ? ([imageBytes, 2] as const) : ([AHEAD, 1] as const);
    for (let pair = 0; pair < PAIRS; pair++) {
      for (let block = 0; block < blocks; block++)
        asm.load(FIRST_WEIGHT + block, { base: WEIGHT, offset: block * weightBlock + pair * VECTOR });
      for (let line = pair; line * CACHE_LINE < pixels * PIXEL; line += PAIRS)
        asm.prefetch({ base: SOURCE, offset: ahead + line * CACHE_LINE }, level);
      for (let pixel = 0; pixel < pixels; pixel++) {
        asm.broadcast(FACTOR, { base: SOURCE, offset: pixel * PIXEL + pair * PAIR_BYTES });
        for (let block = 0; block < blocks; block++)
          asm.multiplyAddPairs(FIRST_SUM + pixel * blocks + block, FIRST_WEIGHT + block, FACTOR);
      }
    }
  }
}

/**
 * Compiles a 1×1 convolution: dst[pixel][r] = Σ src[pixel][c] · weight[r][c] + bias[r]. The weight, the first further operand, is in
 * bf16, [blocks of r][blocks of c][pairs of c][r][2]; the bias is f32 in blocks. What fills up blocks stays zero where it is zero in both.
 */
export function compilePointwiseImages(source: PointwiseImages): Kernel {
  const parts = partsOf(source);
  return compileKernel({ units: source.images * parts, stackBytes: 0, lanes: BLOCK }, (asm) =>
    new Emitter(asm, source, parts).emitUnit(),
  );
}
