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
  /** Address of the table of ranges of units, one for each thread, and its end. */
  ranges: 0,
  rangesEnd: 8,
  src: 16,
  dst: 24,
  bias: 32,
  addend: 40,
  /** Threads, and the address of a function of C that says the number of the one that calls it. */
  threads: 48,
  threadNumber: 56,
  /** Further operands, {@link MOST_OTHERS} at the most: those that are read, then those that are written. */
  others: 64,
  constants: 144,
} as const;

/** A row of the table of ranges, in bytes: the next unit and the end of the range, in cache lines of their own. */
export const RANGE = { next: 0, end: 8, bytes: 128 } as const;

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
  /** Units that are taken at once. */
  readonly together: number;
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

/** What a thread keeps on its stack: where its range lies, and how many ranges it has not looked at. */
const STACK = { range: -8, left: -16, bytes: 16 } as const;
const onStack = (offset: number): Memory => ({ base: GPR.rbp, offset });
const inArgument = (offset: number): Memory => ({ base: GPR.r15, offset });

/** Emits the choice of the range that a thread begins with. */
function emitFirstRange(asm: Assembler): void {
  asm.call(inArgument(ARGUMENT.threadNumber));
  asm.set(GPR.rcx, 0);
  const beyond = asm.jumpIfAtLeast(GPR.rax, inArgument(ARGUMENT.threads));
  asm.multiply(GPR.rcx, GPR.rax, RANGE.bytes);
  asm.land(beyond);
  asm.addMemory(GPR.rcx, inArgument(ARGUMENT.ranges));
  asm.storeRegister(onStack(STACK.range), GPR.rcx);
  asm.loadRegister(GPR.rcx, inArgument(ARGUMENT.threads));
  asm.storeRegister(onStack(STACK.left), GPR.rcx);
}

/** Emits the step to the next range, in a circle, and a jump to `next` unless the thread has looked at all. */
function emitNextRange(asm: Assembler, next: number): void {
  asm.loadRegister(GPR.rcx, onStack(STACK.range));
  asm.addConstant(GPR.rcx, RANGE.bytes);
  asm.loadRegister(GPR.rax, inArgument(ARGUMENT.ranges));
  asm.storeRegister(onStack(STACK.range), GPR.rax);
  const first = asm.jumpIfAtLeast(GPR.rcx, inArgument(ARGUMENT.rangesEnd));
  asm.storeRegister(onStack(STACK.range), GPR.rcx);
  asm.land(first);
  asm.loadRegister(GPR.rcx, onStack(STACK.left));
  asm.copy(GPR.rax, GPR.rcx);
  asm.addConstant(GPR.rax, -1);
  asm.storeRegister(onStack(STACK.left), GPR.rax);
  asm.loopBack(GPR.rcx, next);
}

/**
 * Compiles a kernel: a function that takes units until none are left, on as many threads as call it. Each begins with a range of its own,
 * as the library's do, whose images its core's cache may hold, then helps the others. A unit's result does not depend on who computes it.
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
  asm.addConstant(GPR.rsp, -stackBytes - STACK.bytes);
  asm.and(GPR.rsp, -asm.vectorBytes);
  asm.copy(GPR.r15, GPR.rdi);
  emitFirstRange(asm);
  asm.vector('xor', ZERO, ZERO, ZERO);
  const next = asm.position;
  asm.set(GPR.r14, together);
  asm.loadRegister(GPR.rcx, onStack(STACK.range));
  asm.fetchAdd({ base: GPR.rcx, offset: RANGE.next }, GPR.r14);
  const end = asm.jumpIfAtLeast(GPR.r14, { base: GPR.rcx, offset: RANGE.end });
  asm.set(GPR.r13, together);
  const unit = asm.position;
  asm.copy(GPR.rax, GPR.r14);
  emitUnit(asm, constants);
  asm.addConstant(GPR.r14, 1);
  asm.loopBack(GPR.r13, unit);
  asm.jumpBack(next);
  asm.land(end);
  emitNextRange(asm, next);
  asm.endVectors();
  asm.copy(GPR.rsp, GPR.rbp);
  for (const register of [...SAVED].reverse()) asm.pop(register);
  asm.return();
  return { code: asm.code(), constants: constants.values(), units, together };
}
