/** General registers by their numbers in an instruction. */
export const GPR = {
  rax: 0,
  rcx: 1,
  rdx: 2,
  rbx: 3,
  rsp: 4,
  rbp: 5,
  rsi: 6,
  rdi: 7,
  r8: 8,
  r9: 9,
  r10: 10,
  r11: 11,
  r12: 12,
  r13: 13,
  r14: 14,
  r15: 15,
} as const;

/** A general register's number. */
export type Register = (typeof GPR)[keyof typeof GPR];

/** A vector register's number, 0 to 15; 0 to 31 where vectors are of 16 floats. */
export type Vector = number;

/** Floats of a vector: 8 with AVX2, 16 with AVX512. */
export type Lanes = 8 | 16;

/** A mask register's number: which floats of 16 an instruction is for. */
export type Mask = 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** Memory at a register's address plus a displacement of 32 bits. */
export interface Memory {
  readonly base: Register;
  readonly offset: number;
}

/** Operand of a vector instruction that may come from memory. */
export type VectorOperand = Vector | Memory;

/** Opcodes of instructions on floats: dst = a ∘ b. */
const vectorOpcodes = {
  add: 0x58,
  mul: 0x59,
  sub: 0x5c,
  min: 0x5d,
  div: 0x5e,
  max: 0x5f,
  xor: 0x57,
} as const;

/** What two vectors are combined by. */
export type VectorOperation = keyof typeof vectorOpcodes;

/** Groups of opcodes (VEX.mmmmm) and implied prefixes (VEX.pp). */
const MAP_0F = 1;
const MAP_0F38 = 2;
const NO_PREFIX = 0;
const PREFIX_66 = 1;

/** What an instruction on 16 floats may do besides. */
interface Evex {
  /** Whether a float of memory is taken for all places. */
  readonly broadcast?: boolean;
  /** Which places it is for. */
  readonly mask?: Mask | undefined;
  /** Whether the other places become zero; else they stay. */
  readonly zeroing?: boolean;
}

/**
 * Machine code of x86-64 with AVX2 and FMA, or with AVX512 (F and DQ): the few instructions that the kernels use, as Intel's
 * manual (volume 2) encodes them.
 */
export class Assembler {
  private readonly bytes: number[] = [];

  /** @param lanes floats of a vector; those of 16 have 32 registers */
  constructor(readonly lanes: Lanes = 8) {}

  /** Bytes of a vector. */
  get vectorBytes(): number {
    return 4 * this.lanes;
  }

  /** The code so far. */
  code(): Uint8Array {
    return Uint8Array.from(this.bytes);
  }

  /** Where the next instruction begins; to {@link jumpBack} to. */
  get position(): number {
    return this.bytes.length;
  }

  /** @param mask of 16 floats: others become zero, and their memory is not touched */
  load(dst: Vector, src: Memory, mask?: Mask): void {
    this.encode(MAP_0F, NO_PREFIX, 0x10, dst, 0, src, { mask, zeroing: mask !== undefined });
  }

  /** @param mask of 16 floats: others are not stored */
  store(dst: Memory, src: Vector, mask?: Mask): void {
    this.encode(MAP_0F, NO_PREFIX, 0x11, src, 0, dst, { mask });
  }

  move(dst: Vector, src: Vector): void {
    this.encode(MAP_0F, NO_PREFIX, 0x28, dst, 0, src);
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

  /** Makes a forward jump end here. */
  land(jump: number): void {
    this.patchInt32(jump - 4, this.position - jump);
  }

  return(): void {
    this.emit(0xc3);
  }

  private jumpBackIf(condition: number, target: number): void {
    this.emit(0x0f, condition);
    this.int32(target - (this.position + 4));
  }

  private emit(...bytes: number[]): void {
    this.bytes.push(...bytes);
  }

  private int32(value: number): void {
    if (!Number.isInteger(value) || value !== (value | 0))
      throw new Error(`${value} is no number of 32 bits for machine code`);
    this.emit(value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255);
  }

  private patchInt32(at: number, value: number): void {
    for (let i = 0; i < 4; i++) this.bytes[at + i] = (value >> (8 * i)) & 255;
  }

  /** An instruction on registers of 64 bits. */
  private wide(opcode: number | readonly number[], register: number, operand: Register | Memory): void {
    const base = typeof operand === 'number' ? operand : operand.base;
    const rex = 0x48 | ((register >> 3) << 2) | (base >> 3);
    this.emit(rex, ...(typeof opcode === 'number' ? [opcode] : opcode));
    this.operand(register, operand);
  }

  /** An instruction on vectors. */
  private encode(
    map: number,
    prefix: number,
    opcode: number,
    register: Vector,
    second: Vector,
    operand: VectorOperand,
    more: Evex = {},
  ): void {
    if (this.lanes === 16) this.evex(map, prefix, opcode, register, second, operand, more);
    else this.vex(map, prefix, opcode, register, second, operand);
  }

  /** An instruction with an EVEX prefix, on vectors of 512 bits; displacements are of 32 bits, which are not scaled. */
  private evex(
    map: number,
    prefix: number,
    opcode: number,
    register: Vector,
    second: Vector,
    operand: VectorOperand,
    { broadcast = false, mask, zeroing = false }: Evex,
  ): void {
    const inverted = (number: number, bit: number): number => ((number >> bit) & 1) ^ 1;
    const isRegister = typeof operand === 'number';
    const base = isRegister ? operand : operand.base;
    const x = isRegister ? inverted(operand, 4) : 1;
    const extended = (inverted(register, 3) << 7) | (x << 6) | (inverted(base, 3) << 5);
    this.emit(
      0x62,
      extended | (inverted(register, 4) << 4) | map,
      (((second & 15) ^ 15) << 3) | (1 << 2) | prefix,
      (Number(zeroing) << 7) | (2 << 5) | (Number(broadcast) << 4) | (inverted(second, 4) << 3) | (mask ?? 0),
      opcode,
    );
    this.operand(register, operand);
  }

  /** An instruction with a VEX prefix of three bytes, on vectors of 256 bits. */
  private vex(
    map: number,
    prefix: number,
    opcode: number,
    register: Vector,
    second: Vector,
    operand: VectorOperand,
  ): void {
    const base = typeof operand === 'number' ? operand : operand.base;
    const inverted = (((register >> 3) ^ 1) << 7) | (1 << 6) | (((base >> 3) ^ 1) << 5);
    this.emit(0xc4, inverted | map, ((second ^ 15) << 3) | (1 << 2) | prefix, opcode);
    this.operand(register, operand);
  }

  /** ModRM, SIB and displacement. */
  private operand(register: number, operand: number | Memory): void {
    const low = (register & 7) << 3;
    if (typeof operand === 'number') {
      this.emit(0xc0 | low | (operand & 7));
      return;
    }
    const base = operand.base & 7;
    this.emit(0x80 | low | base);
    if (base === GPR.rsp) this.emit(0x24);
    this.int32(operand.offset);
  }
}
