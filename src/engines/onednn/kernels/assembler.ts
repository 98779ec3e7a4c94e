import {
  Encoder,
  GPR,
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

export {
  GPR,
  type Lanes,
  type Mask,
  type Memory,
  type Register,
  type Vector,
  type VectorOperand,
} from './encoder.js';

/** Opcodes of instructions on floats: dst = a ∘ b. */
const vectorOpcodes = {
  add: 0x58,
  mul: 0x59,
  sub: 0x5c,
  min: 0x5d,
  div: 0x5e,
  max: 0x5f,
  and: 0x54,
  xor: 0x57,
} as const;

/** The comparison a ≰ b, which holds where either is no number. */
const NOT_AT_MOST = 6;
/** The comparison that holds where both are numbers. */
const ORDERED = 7;

/** Places of 16 that an instruction is for; the others become zero or stay. */
export interface Chosen {
  readonly mask?: Mask;
  readonly zeroing?: boolean;
}

/** What two vectors are combined by. */
export type VectorOperation = keyof typeof vectorOpcodes;

/**
 * Machine code of x86-64 with AVX2 and FMA, or with AVX512 (F, DQ, VL, BW and, where a method says so, BF16): the few instructions that the kernels use, as Intel's
 * manual (volume 2) encodes them.
 */
export class Assembler extends Encoder {
  /** @param mask of 16 floats: others become zero, and their memory is not touched */
  load(dst: Vector, src: Memory, mask?: Mask): void {
    this.encode(MAP_0F, NO_PREFIX, 0x10, dst, 0, src, { mask, zeroing: mask !== undefined });
  }

  /** @param mask of 16 floats: others are not stored */
  store(dst: Memory, src: Vector, mask?: Mask): void {
    this.encode(MAP_0F, NO_PREFIX, 0x11, src, 0, dst, { mask });
  }

  /** Stores past the caches, at an address that is a multiple of a vector's bytes; {@link endStreaming} ends a row of them. */
  stream(dst: Memory, src: Vector): void {
    this.encode(MAP_0F, NO_PREFIX, 0x2b, src, 0, dst);
  }

  /** Makes other threads see what was streamed before what follows. */
  endStreaming(): void {
    this.emit(0x0f, 0xae, 0xf8);
  }

  /** @param mask of 16 floats: others become zero */
  move(dst: Vector, src: Vector, mask?: Mask): void {
    this.encode(MAP_0F, NO_PREFIX, 0x28, dst, 0, src, { mask, zeroing: mask !== undefined });
  }

  vector(operation: VectorOperation, dst: Vector, a: Vector, b: VectorOperand): void {
    this.encode(MAP_0F, NO_PREFIX, vectorOpcodes[operation], dst, a, b);
  }

  /** dst += a · b */
  multiplyAdd(dst: Vector, a: Vector, b: VectorOperand): void {
    this.encode(MAP_0F38, PREFIX_66, 0xb8, dst, a, b);
  }

  /** dst += a · (a float, in all 16 places) */
  multiplyAddFloat(dst: Vector, a: Vector, b: Memory): void {
    if (this.lanes !== 16) throw new Error('a factor is repeated within an instruction with AVX512 alone');
    this.encode(MAP_0F38, PREFIX_66, 0xb8, dst, a, b, { broadcast: true });
  }

  /** Begins to bring memory closer: into all caches (1), or all but the first (2). */
  prefetch(memory: Memory, level: 1 | 2): void {
    if (memory.base >= 8) this.emit(0x41);
    this.emit(0x0f, 0x18);
    this.operand(level, memory);
  }

  /** A mask of the 16 floats, or of 8 vectors' all bits of those, where not a ≤ b: also where either is no number. */
  notAtMost(dst: Vector | Mask, a: Vector, b: VectorOperand): void {
    this.encode(MAP_0F, NO_PREFIX, 0xc2, dst, a, b);
    this.emit(NOT_AT_MOST);
  }

  /** dst = √src */
  squareRoot(dst: Vector, src: Vector): void {
    this.encode(MAP_0F, NO_PREFIX, 0x51, dst, 0, src);
  }

  /** dst = a float, in all places */
  broadcast(dst: Vector, src: Memory): void {
    this.encode(MAP_0F38, PREFIX_66, 0x18, dst, 0, src);
  }

  /** A mask of 16 floats from a register's lowest 16 bits. */
  setMask(mask: Mask, register: Register): void {
    this.emit(0xc4, (1 << 7) | (1 << 6) | (((register >> 3) ^ 1) << 5) | MAP_0F, 0x78, 0x92);
    this.operand(mask, register);
  }

  /** A mask of 32 words from a register's 32 bits. */
  setWideMask(mask: Mask, register: Register): void {
    this.emit(0xc4, (1 << 7) | (1 << 6) | (((register >> 3) ^ 1) << 5) | MAP_0F, 0x7b, 0x92);
    this.operand(mask, register);
  }

  /** Of vectors of 8: loads the floats whose places have the mask's highest bit set, and zeros; other memory is not touched. */
  loadMasked(dst: Vector, mask: Vector, src: Memory): void {
    this.vex(MAP_0F38, PREFIX_66, 0x2c, dst, mask, src);
  }

  /** Of vectors of 8: stores the floats whose places have the mask's highest bit set. */
  storeMasked(dst: Memory, mask: Vector, src: Vector): void {
    this.vex(MAP_0F38, PREFIX_66, 0x2e, src, mask, dst);
  }

  /**
   * dst = the floats of src whose places `indices` says
   *
   * @param chosen of 16 floats: others become zero or stay
   */
  permute(dst: Vector, indices: Vector, src: VectorOperand, chosen: Chosen = {}): void {
    this.encode(MAP_0F38, PREFIX_66, 0x16, dst, indices, src, chosen);
  }

  /** Of vectors of 16: whole numbers of 32 bits, from ones of 16 bits without a sign. */
  widenWords(dst: Vector, src: VectorOperand): void {
    this.encode(MAP_0F38, PREFIX_66, 0x33, dst, 0, src);
  }

  /** Of vectors of 16: the lower 16 bits of each number of 32 bits, as the lower half of a vector. */
  narrowWords(dst: Vector, src: Vector): void {
    this.encode(MAP_0F38, PREFIX_F3, 0x33, src, 0, dst);
  }

  /** With AVX512-BF16: 16 floats, rounded to nearest even, as the lower half of a vector; numbers without an exponent become 0. */
  roundToBf16(dst: Vector, src: VectorOperand): void {
    this.encode(MAP_0F38, PREFIX_F3, 0x72, dst, 0, src);
  }

  /** Of vectors of 16: shifts numbers of 32 bits to the left. */
  shiftLeft(dst: Vector, src: Vector, bits: number): void {
    this.encode(MAP_0F, PREFIX_66, 0x72, 6, dst, src);
    this.emit(bits);
  }

  /** Of vectors of 16: shifts numbers of 32 bits to the right, and zeros in. */
  shiftRight(dst: Vector, src: Vector, bits: number): void {
    this.encode(MAP_0F, PREFIX_66, 0x72, 2, dst, src);
    this.emit(bits);
  }

  /** Of vectors of 16: dst = a + b, whole numbers of 32 bits. @param mask others stay as they are */
  addIntegers(dst: Vector, a: Vector, b: VectorOperand, mask?: Mask): void {
    this.encode(MAP_0F, PREFIX_66, 0xfe, dst, a, b, { mask });
  }

  /** Of vectors of 16: a mask of the floats that are numbers. */
  areNumbers(dst: Mask, a: Vector): void {
    this.encode(MAP_0F, NO_PREFIX, 0xc2, dst, a, a);
    this.emit(ORDERED);
  }

  /** Of vectors of 16: loads the lower half of one of the first 16 registers; the upper half becomes zero. */
  loadHalf(dst: Vector, src: Memory): void {
    this.vex(MAP_0F, NO_PREFIX, 0x10, dst, 0, src);
  }

  /** Of vectors of 16: stores the lower half of one of the first 16 registers. */
  storeHalf(dst: Memory, src: Vector): void {
    this.vex(MAP_0F, NO_PREFIX, 0x11, src, 0, dst);
  }

  /** As {@link storeHalf}, past the caches, at an address that is a multiple of its bytes. */
  streamHalf(dst: Memory, src: Vector): void {
    this.vex(MAP_0F, NO_PREFIX, 0x2b, src, 0, dst);
  }

  /**
   * Of vectors of 16 floats: dst = the words of 16 bits of src whose places `indices` says. Memory is read whole, whatever is chosen.
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

  /** Ends the use of the registers' upper halves, which slows down older instructions. */
  endVectors(): void {
    this.emit(0xc5, 0xf8, 0x77);
  }

  copy(dst: Register, src: Register): void {
    this.wide(0x89, src, dst);
  }

  loadRegister(dst: Register, src: Memory): void {
    this.wide(0x8b, dst, src);
  }

  storeRegister(dst: Memory, src: Register): void {
    this.wide(0x89, src, dst);
  }

  addRegister(dst: Register, src: Register): void {
    this.wide(0x01, src, dst);
  }

  addMemory(dst: Register, src: Memory): void {
    this.wide(0x03, dst, src);
  }

  /** dst += value */
  addConstant(dst: Register, value: number): void {
    if (value === 0) return;
    this.wide(0x81, 0, dst);
    this.int32(value);
  }

  /** dst = src · value */
  multiply(dst: Register, src: Register, value: number): void {
    this.wide(0x69, dst, src);
    this.int32(value);
  }

  /** rax, rdx = rax divided by a register, and what is left. */
  divide(by: Register): void {
    this.set(GPR.rdx, 0);
    this.wide(0xf7, 6, by);
  }

  /** dst = a number from 0 to 2³¹ − 1 */
  set(dst: Register, value: number): void {
    if (dst >= 8) this.emit(0x41);
    this.emit(0xb8 + (dst & 7));
    this.int32(value);
  }

  /** Adds a register to memory, and gets what was there, in one step for all threads. */
  fetchAdd(memory: Memory, register: Register): void {
    this.emit(0xf0);
    this.wide([0x0f, 0xc1], register, memory);
  }

  push(register: Register): void {
    if (register >= 8) this.emit(0x41);
    this.emit(0x50 + (register & 7));
  }

  pop(register: Register): void {
    if (register >= 8) this.emit(0x41);
    this.emit(0x58 + (register & 7));
  }

  /** Keeps the bits of a register that a number from −128 to 127 has. */
  and(register: Register, value: number): void {
    this.wide(0x83, 4, register);
    this.emit(value & 255);
  }

  /** Subtracts 1 and jumps while that leaves more than 0. */
  loopBack(counter: Register, target: number): void {
    this.wide(0xff, 1, counter);
    this.jumpBackIf(0x85, target);
  }

  jumpBack(target: number): void {
    this.emit(0xe9);
    this.int32(target - (this.position + 4));
  }

  /** Jumps forward if the register is, without a sign, at least what memory holds; returns what {@link land} takes. */
  jumpIfAtLeast(register: Register, memory: Memory): number {
    this.wide(0x3b, register, memory);
    this.emit(0x0f, 0x83);
    this.int32(0);
    return this.position;
  }

  /** Jumps forward if the register is, without a sign, at least a number; returns what {@link land} takes. */
  jumpUnlessBelow(register: Register, value: number): number {
    this.wide(0x81, 7, register);
    this.int32(value);
    this.emit(0x0f, 0x83);
    this.int32(0);
    return this.position;
  }

  /** Jumps forward; returns what {@link land} takes. */
  jump(): number {
    this.emit(0xe9);
    this.int32(0);
    return this.position;
  }

  /** Makes a forward jump end here. */
  land(jump: number): void {
    this.patchInt32(jump - 4, this.position - jump);
  }

  /** Calls the function of C whose address memory holds. */
  call(address: Memory): void {
    this.wide(0xff, 2, address);
  }

  return(): void {
    this.emit(0xc3);
  }

  private jumpBackIf(condition: number, target: number): void {
    this.emit(0x0f, condition);
    this.int32(target - (this.position + 4));
  }
}
