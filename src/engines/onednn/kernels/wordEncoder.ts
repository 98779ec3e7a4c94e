import {
  Encoder,
  MAP_0F,
  MAP_0F38,
  type Mask,
  type Memory,
  NO_PREFIX,
  PREFIX_66,
  PREFIX_F3,
  type Register,
  type Vector,
  type VectorOperand,
} from './encoder.js';

/** The comparison that holds where both are numbers. */
const ORDERED = 7;

/** Places of 16 that an instruction is for; the others become zero or stay. */
export interface Chosen {
  readonly mask?: Mask;
  readonly zeroing?: boolean;
}

/**
 * Instructions of AVX512 on words of 16 bits, such as numbers of bf16, and on the whole numbers of 32 bits that they are computed with.
 */
export class WordEncoder extends Encoder {
  /** Whole numbers of 32 bits, from ones of 16 bits without a sign. */
  widenWords(dst: Vector, src: VectorOperand): void {
    this.encode(MAP_0F38, PREFIX_66, 0x33, dst, 0, src);
  }

  /** The lower 16 bits of each number of 32 bits, as the lower half of a vector. */
  narrowWords(dst: Vector, src: Vector): void {
    this.encode(MAP_0F38, PREFIX_F3, 0x33, src, 0, dst);
  }

  /** With AVX512-BF16: 16 floats, rounded to nearest even, as the lower half of a vector; numbers without an exponent become 0. */
  roundToBf16(dst: Vector, src: VectorOperand): void {
    this.encode(MAP_0F38, PREFIX_F3, 0x72, dst, 0, src);
  }

  /** Shifts numbers of 32 bits to the left. */
  shiftLeft(dst: Vector, src: Vector, bits: number): void {
    this.encode(MAP_0F, PREFIX_66, 0x72, 6, dst, src);
    this.emit(bits);
  }

  /** Shifts numbers of 32 bits to the right, and zeros in. */
  shiftRight(dst: Vector, src: Vector, bits: number): void {
    this.encode(MAP_0F, PREFIX_66, 0x72, 2, dst, src);
    this.emit(bits);
  }

  /** dst = a + b, whole numbers of 32 bits. @param mask others stay as they are */
  addIntegers(dst: Vector, a: Vector, b: VectorOperand, mask?: Mask): void {
    this.encode(MAP_0F, PREFIX_66, 0xfe, dst, a, b, { mask });
  }

  /** A mask of the floats that are numbers. */
  areNumbers(dst: Mask, a: Vector): void {
    this.encode(MAP_0F, NO_PREFIX, 0xc2, dst, a, a);
    this.emit(ORDERED);
  }

  /** Loads the lower half of one of the first 16 registers; the upper half becomes zero. */
  loadHalf(dst: Vector, src: Memory): void {
    this.vex(MAP_0F, NO_PREFIX, 0x10, dst, 0, src);
  }

  /** Stores the lower half of one of the first 16 registers. */
  storeHalf(dst: Memory, src: Vector): void {
    this.vex(MAP_0F, NO_PREFIX, 0x11, src, 0, dst);
  }

  /** As {@link storeHalf}, past the caches, at an address that is a multiple of its bytes. */
  streamHalf(dst: Memory, src: Vector): void {
    this.vex(MAP_0F, NO_PREFIX, 0x2b, src, 0, dst);
  }

  /**
   * dst = the words of 16 bits of src whose places `indices` says. Memory is read whole, whatever is chosen.
   *
   * @param chosen of 32 words, or of 16: others become zero or stay
   * @param half whether vectors are of 16 words
   */
  permuteWords(
    dst: Vector,
    indices: Vector,
    src: VectorOperand,
    { half, ...chosen }: Chosen & { readonly half: boolean },
  ): void {
    this.encode(MAP_0F38, PREFIX_66, 0x8d, dst, indices, src, { ...chosen, wide: true, half });
  }

  /** With AVX512-BF16, of 16 pairs of bf16: dst += a₁ · b₁ + a₀ · b₀ in f32, where numbers without an exponent are 0. */
  multiplyAddPairs(dst: Vector, a: Vector, b: VectorOperand): void {
    this.encode(MAP_0F38, PREFIX_F3, 0x52, dst, a, b);
  }

  /** A mask of 32 words from a register's 32 bits. */
  setWideMask(mask: Mask, register: Register): void {
    this.emit(0xc4, (1 << 7) | (1 << 6) | (((register >> 3) ^ 1) << 5) | MAP_0F, 0x7b, 0x92);
    this.operand(mask, register);
  }
}
