import { Assembler, GPR, type Lanes, type Memory, type Vector } from './assembler.js';

/** Bytes of a float. */
export const FLOAT = 4;
/** Floats of a vector of AVX2, which are a block's channels. */
export const BLOCK = 8;
/** Bytes of a vector of AVX2. */
export const VECTOR = BLOCK * FLOAT;

/** Displacements and factors in machine code are numbers of 32 bits: below this. */
export const DISPLACEMENTS_END = 2 ** 31;

/** A register that holds zeros. */
export const ZERO: Vector = 15;

/** How a kernel's argument is laid out in memory, in bytes; constants follow, a vector each. */
export const ARGUMENT = {
  next: 0,
  units: 8,
  src: 16,
  dst: 24,
  bias: 32,
  addend: 40,
  /** Further operands, {@link MOST_OTHERS} at the most: those that are read, then those that are written. */
  others: 48,
  constants: 128,
} as const;

/** Operands besides those that have a name. */
export const MOST_OTHERS = (ARGUMENT.constants - ARGUMENT.others) / 8;

/** Vectors in memory that do not change. */
export interface Constants {
  /** Where a number lies, repeated over a vector. */
  of(value: number): Memory;
  /** Where a vector lies that begins with whole numbers of 32 bits, such as indices or a mask; the rest are zeros. */
  bits(values: readonly number[]): Memory;
}

/** A kernel's code, which {@link ARGUMENT} goes with. */
export interface Kernel {
  readonly code: Uint8Array;
  /** Vectors, as numbers of 32 bits. */
  readonly constants: Int32Array;
  /** What threads take. */
  readonly units: number;
}

/** How a kernel's work is shared out. */
export interface Share {
  readonly units: number;
  /** Units that a thread takes at once, one after the other; it divides their number. */
  readonly together?: number;
  /** Memory that a thread needs. */
  readonly stackBytes: number;
  /** Floats of a vector; default 8. */
  readonly lanes?: Lanes;
}

/** Callee-saved registers. */
const SAVED = [GPR.rbx, GPR.r12, GPR.r13, GPR.r14, GPR.r15, GPR.rbp] as const;

/** Constants in the kernel's argument. */
class ConstantPool implements Constants {
  /** Offsets by what lies there. */
  private readonly offsets = new Map<string, number>();
  private readonly numbers: number[] = [];

  constructor(private readonly lanes: Lanes) {}

  of(value: number): Memory {
    const [bits] = new Int32Array(Float32Array.of(value).buffer);
    return this.bits(new Array<number>(this.lanes).fill(bits!));
  }

  bits(values: readonly number[]): Memory {
    const vector = Array.from({ length: this.lanes }, (_, i) => values[i] ?? 0);
    const key = vector.join(' ');
    const offset = this.offsets.get(key) ?? FLOAT * this.numbers.length;
    if (!this.offsets.has(key)) this.numbers.push(...vector);
    this.offsets.set(key, offset);
    return { base: GPR.r15, offset: ARGUMENT.constants + offset };
  }

  values(): Int32Array {
    return Int32Array.from(this.numbers);
  }
}

/**
 * Compiles a kernel: a function that takes units until none are left, on as many threads as call it. A unit's
 * result does not depend on who computes it.
 *
 * @param emitUnit emits what is done with the unit whose number is in rax; the argument's address is in r15,
 * `stackBytes` are at rsp, and rbp, r13 and r14 must not be changed
 */
export function compileKernel(
  { units, together = 1, stackBytes, lanes = 8 }: Share,
  emitUnit: (asm: Assembler, constants: Constants) => void,
): Kernel {
  const asm = new Assembler(lanes);
  const constants = new ConstantPool(lanes);
  for (const register of SAVED) asm.push(register);
  asm.copy(GPR.rbp, GPR.rsp);
  asm.addConstant(GPR.rsp, -stackBytes);
  asm.and(GPR.rsp, -asm.vectorBytes);
  asm.copy(GPR.r15, GPR.rdi);
  asm.vector('xor', ZERO, ZERO, ZERO);
  const next = asm.position;
  asm.set(GPR.r14, together);
  asm.fetchAdd({ base: GPR.r15, offset: ARGUMENT.next }, GPR.r14);
  const end = asm.jumpIfAtLeast(GPR.r14, { base: GPR.r15, offset: ARGUMENT.units });
  asm.set(GPR.r13, together);
  const unit = asm.position;
  asm.copy(GPR.rax, GPR.r14);
  emitUnit(asm, constants);
  asm.addConstant(GPR.r14, 1);
  asm.loopBack(GPR.r13, unit);
  asm.jumpBack(next);
  asm.land(end);
  asm.endVectors();
  asm.copy(GPR.rsp, GPR.rbp);
  for (const register of [...SAVED].reverse()) asm.pop(register);
  asm.return();
  return { code: asm.code(), constants: constants.values(), units };
}
