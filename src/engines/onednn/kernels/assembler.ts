import {
  GPR,
  MAP_0F,
  MAP_0F38,
  type Mask,
  type Memory,
  NO_PREFIX,
  PREFIX_66,
  type Register,
  type Vector,
  type VectorOperand,
} from './encoder.js';
import { type Chosen, WordEncoder } from './wordEncoder.js';

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

/** What two vectors are combined by. */
export type VectorOperation = keyof typeof vectorOpcodes;

/**
 * Machine code of x86-64 with AVX2 and FMA, or with AVX512 (F, DQ, VL, BW and, where a method says so, BF16): the few instructions that the kernels use, as Intel's
 * manual (volume 2) encodes them.
 */
export class Assembler extends WordEncoder {
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

  /** dst = a number from 0 to 2³² − 1, given as the number from −2³¹ to 2³¹ − 1 that has the same bits */
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
