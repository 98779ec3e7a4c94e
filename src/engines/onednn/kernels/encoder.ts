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

/** Groups of opcodes (VEX.mmmmm). */
export const MAP_0F = 1;
/** The same, for newer instructions. */
export const MAP_0F38 = 2;
/** Implied prefixes (VEX.pp): of most instructions on floats. */
export const NO_PREFIX = 0;
/** Of most of the newer ones. */
export const PREFIX_66 = 1;
/** Of those that narrow numbers. */
export const PREFIX_F3 = 2;

/** What an instruction on 16 floats may do besides. */
interface Evex {
  /** Whether a float of memory is taken for all places. */
  readonly broadcast?: boolean;
  /** Which places it is for. */
  readonly mask?: Mask | undefined;
  /** Whether the other places become zero; else they stay. */
  readonly zeroing?: boolean;
  /** EVEX.W, which tells apart some instructions with the same opcode. */
  readonly wide?: boolean;
  /** Whether vectors are of 256 bits. */
  readonly half?: boolean;
}

/** Bytes of machine code, and how instructions of x86-64 are put into them. */
export class Encoder {
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

  protected emit(...bytes: number[]): void {
    this.bytes.push(...bytes);
  }

  protected int32(value: number): void {
    if (!Number.isInteger(value) || value !== (value | 0))
      throw new Error(`${value} is no number of 32 bits for machine code`);
    this.emit(value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255);
  }

  protected patchInt32(at: number, value: number): void {
    for (let i = 0; i < 4; i++) this.bytes[at + i] = (value >> (8 * i)) & 255;
  }

  /** An instruction on registers of 64 bits. */
  protected wide(opcode: number | readonly number[], register: number, operand: Register | Memory): void {
    const base = typeof operand === 'number' ? operand : operand.base;
    const rex = 0x48 | ((register >> 3) << 2) | (base >> 3);
    this.emit(rex, ...(typeof opcode === 'number' ? [opcode] : opcode));
    this.operand(register, operand);
  }

  /** An instruction on vectors. */
  protected encode(
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

  /** An instruction with an EVEX prefix, on vectors of 512 bits, or of 256; displacements are of 32 bits, which are not scaled. */
  private evex(
    map: number,
    prefix: number,
    opcode: number,
    register: Vector,
    second: Vector,
    operand: VectorOperand,
    { broadcast = false, mask, zeroing = false, wide = false, half = false }: Evex,
  ): void {
    const inverted = (number: number, bit: number): number => ((number >> bit) & 1) ^ 1;
    const isRegister = typeof operand === 'number';
    const base = isRegister ? operand : operand.base;
    const length = (half ? 1 : 2) << 5;
    const x = isRegister ? inverted(operand, 4) : 1;
    const extended = (inverted(register, 3) << 7) | (x << 6) | (inverted(base, 3) << 5);
    this.emit(
      0x62,
      extended | (inverted(register, 4) << 4) | map,
      (Number(wide) << 7) | (((second & 15) ^ 15) << 3) | (1 << 2) | prefix,
      (Number(zeroing) << 7) | length | (Number(broadcast) << 4) | (inverted(second, 4) << 3) | (mask ?? 0),
      opcode,
    );
    this.operand(register, operand);
  }

  /** An instruction with a VEX prefix of three bytes, on vectors of 256 bits. */
  protected vex(
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
  protected operand(register: number, operand: number | Memory): void {
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
