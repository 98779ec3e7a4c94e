import { type Assembler, GPR, type Vector } from './assembler.js';
import { emitChoice } from './choice.js';
import { ARGUMENT, compileKernel, FLOAT, type Kernel } from './kernel.js';
import { emitLoop } from './loop.js';

/** Tensors, a part of which several computed each. */
export interface SumOfParts {
  readonly parts: number;
  /** Numbers of each tensor: of `dst`, whose parts are in `src`, and of one whose parts and sum are further operands. */
  readonly lengths: readonly [number, number?];
}

const LANES = 16;
const VECTOR = LANES * FLOAT;
/** Vectors that a thread takes at once. */
const UNIT_VECTORS = 64;

const SUM: Vector = 0;
const MASK = 1;

/** Where a tensor's parts and its sum are in the kernel's argument. */
const OPERANDS = [
  [ARGUMENT.src, ARGUMENT.dst],
  [ARGUMENT.others, ARGUMENT.others + 8],
] as const;

function unitsOf(length: number): number {
  return Math.ceil(length / (UNIT_VECTORS * LANES));
}

/** Emits sums of the vectors that r8 points to the first part of, to where r9 points. */
function emitSums(asm: Assembler, { parts }: SumOfParts, length: number, count: number): void {
  const emitVector = (mask?: typeof MASK): void => {
    asm.load(SUM, { base: GPR.r8, offset: 0 }, mask);
    for (let part = 1; part < parts; part++) {
      const addend = { base: GPR.r8, offset: part * length * FLOAT };
      if (mask !== undefined) asm.load(SUM + 1, addend, mask);
      asm.vector('add', SUM, SUM, mask === undefined ? addend : SUM + 1);
    }
    asm.store({ base: GPR.r9, offset: 0 }, SUM, mask);
  };
  emitLoop(asm, GPR.rbx, Math.floor(count / LANES), () => {
    emitVector();
    asm.addConstant(GPR.r8, VECTOR);
    asm.addConstant(GPR.r9, VECTOR);
  });
  if (count % LANES === 0) return;
  asm.set(GPR.rcx, 2 ** (count % LANES) - 1);
  asm.setMask(MASK, GPR.rcx);
  emitVector(MASK);
}

/** Emits a unit of a tensor; rax is its number among those. */
function emitUnit(asm: Assembler, source: SumOfParts, index: 0 | 1): void {
  const length = source.lengths[index]!;
  const units = unitsOf(length);
  [GPR.r8, GPR.r9].forEach((register, i) => {
    asm.multiply(register, GPR.rax, UNIT_VECTORS * VECTOR);
    asm.addMemory(register, { base: GPR.r15, offset: OPERANDS[index][i]! });
  });
  const whole = UNIT_VECTORS * LANES;
  emitChoice(
    asm,
    [GPR.rax, units - 1, units],
    [
      () => emitSums(asm, source, length, whole),
      () => emitSums(asm, source, length, length - (units - 1) * whole),
    ],
  );
}

/** Compiles the sum of each tensor's parts, [parts][length], always in the same order, with AVX512. */
export function compileSumOfParts(source: SumOfParts): Kernel {
  const [first, second = 0] = source.lengths;
  const units = unitsOf(first) + unitsOf(second);
  return compileKernel({ units, stackBytes: 0, lanes: LANES }, (asm) =>
    emitChoice(
      asm,
      [GPR.rax, unitsOf(first), units],
      [
        () => emitUnit(asm, source, 0),
        () => {
          asm.addConstant(GPR.rax, -unitsOf(first));
          emitUnit(asm, source, 1);
        },
      ],
    ),
  );
}
