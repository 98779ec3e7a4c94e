import { type Assembler, GPR, type Register } from './assembler.js';
import { emitChoice } from './choice.js';
import { ARGUMENT, type Constants, compileKernel, FLOAT, type Kernel } from './kernel.js';
import { floatProducts } from './pointwiseFloats.js';
import { pairBytes, pairProducts } from './pointwisePairs.js';
import {
  BLOCK,
  blockBytes,
  columnsOf,
  filledOutputs,
  groupsOf,
  imageBytes,
  type PointwiseGradient,
  partsOf,
  STACK,
  VECTOR,
  type Vectors,
} from './pointwiseShape.js';
import { BIAS_TOTALS, DY, emitTotals, MASK, TOTALS, X } from './pointwiseTiles.js';

const ALL_OF_MASK = 0xffff;

/** Emits that a number times a factor is added to a register. */
function emitAddTimes(asm: Assembler, to: Register, number: Register, factor: number): void {
  asm.multiply(GPR.rcx, number, factor);
  asm.addRegister(to, GPR.rcx);
}

/** Emits which unit it is: rax becomes its part of the images, rbx its group of outputs, rdx its column of inputs. */
function emitWhich(asm: Assembler, columns: number, groups: number): void {
  asm.set(GPR.rcx, columns);
  asm.divide(GPR.rcx);
  asm.copy(GPR.r12, GPR.rdx);
  asm.set(GPR.rcx, groups);
  asm.divide(GPR.rcx);
  asm.copy(GPR.rbx, GPR.rdx);
  asm.copy(GPR.rdx, GPR.r12);
}

/** Emits the mask of the inputs of the unit's last vector: all but in the last column. */
function emitMask(asm: Assembler, inputs: number, columns: number): void {
  asm.set(GPR.rcx, ALL_OF_MASK >> (BLOCK * Math.ceil(inputs / BLOCK) - inputs));
  const last = asm.jumpUnlessBelow(GPR.rdx, columns - 1);
  asm.set(GPR.rcx, ALL_OF_MASK);
  asm.land(last);
  asm.setMask(MASK, GPR.rcx);
}

/** Emits where the sums of a unit's outputs go: from the first column of inputs to the result, from others to the stack. */
function emitBiasTotals(asm: Assembler, source: PointwiseGradient): void {
  if (!source.hasBias) return;
  asm.loadRegister(BIAS_TOTALS, { base: GPR.r15, offset: ARGUMENT.others + 8 });
  emitAddTimes(asm, BIAS_TOTALS, GPR.rax, filledOutputs(source) * FLOAT);
  emitAddTimes(asm, BIAS_TOTALS, GPR.rbx, groupsOf(source).blocks * VECTOR);
  emitChoice(
    asm,
    [GPR.rdx, 1, 2],
    [
      () => {},
      () => {
        asm.copy(BIAS_TOTALS, GPR.rsp);
        asm.addConstant(BIAS_TOTALS, STACK.biasTotals);
      },
    ],
  );
}

/** Emits where the operands and the result of the unit's part and group begin. */
function emitPointers(asm: Assembler, source: PointwiseGradient, images: number): void {
  const { inputs, outputs } = source;
  const { blocks } = groupsOf(source);
  asm.loadRegister(X, { base: GPR.r15, offset: ARGUMENT.src });
  asm.loadRegister(DY, { base: GPR.r15, offset: ARGUMENT.others });
  asm.loadRegister(TOTALS, { base: GPR.r15, offset: ARGUMENT.dst });
  emitAddTimes(asm, X, GPR.rax, images * imageBytes(source, inputs));
  emitAddTimes(asm, DY, GPR.rax, images * imageBytes(source, outputs));
  emitAddTimes(asm, TOTALS, GPR.rax, outputs * inputs * FLOAT);
  emitBiasTotals(asm, source);
  emitAddTimes(asm, DY, GPR.rbx, blocks * blockBytes(source));
  emitAddTimes(asm, TOTALS, GPR.rbx, blocks * BLOCK * inputs * FLOAT);
}

/** Emits a unit: one part of the images, one group of outputs, one column of inputs. */
function emitUnit(asm: Assembler, constants: Constants, source: PointwiseGradient, parts: number): void {
  const { outputs } = source;
  const images = source.images / parts;
  const [columns, groups] = [columnsOf(source), groupsOf(source)];
  asm.push(BIAS_TOTALS);
  emitWhich(asm, columns.count, groups.count);
  emitMask(asm, source.inputs, columns.count);
  emitPointers(asm, source, images);
  const whole = groups.blocks * BLOCK;
  const last = outputs - (groups.count - 1) * whole;
  const products = source.type === 'f32' ? floatProducts : pairProducts;
  const emitGroup = (vectors: Vectors): void => {
    const unit = { asm, constants, source, products, vectors };
    emitChoice(
      asm,
      [GPR.rbx, groups.count - 1, groups.count],
      [() => emitTotals({ ...unit, rows: whole }, images), () => emitTotals({ ...unit, rows: last }, images)],
    );
  };
  const emitColumn = (vectors: Vectors, before: number): void => {
    for (const [pointer, bytes] of [
      [X, blockBytes(source)],
      [TOTALS, VECTOR],
    ] as const) {
      emitAddTimes(asm, pointer, GPR.rdx, vectors * bytes);
      asm.addConstant(pointer, before * bytes);
    }
    emitGroup(vectors);
  };
  emitChoice(
    asm,
    [GPR.rdx, columns.large, columns.count],
    [() => emitColumn(columns.vectors, 0), () => emitColumn((columns.vectors - 1) as Vectors, columns.large)],
  );
  asm.pop(BIAS_TOTALS);
}

/** Memory that a thread needs. */
function stackBytes(source: PointwiseGradient, parts: number): number {
  if (source.type === 'f32') return STACK.pairs;
  return STACK.pairs + pairBytes(source, source.images / parts, columnsOf(source).vectors);
}

/**
 * Compiles the gradient toward a weight, dW[o][i] = Σ dY[o]·X[i] over all pixels, with AVX512, in bf16 with AVX512-BF16, and that
 * toward a bias, Σ dY[o]: [parts][O][I] and [parts][{@link filledOutputs}], results of each part of the images. X is `src` and dY
 * the first further operand, both in blocks of 16 channels; the gradients are `dst` and the second one.
 */
export function compilePointwiseGradient(source: PointwiseGradient): Kernel {
  const parts = partsOf(source);
  const units = parts * groupsOf(source).count * columnsOf(source).count;
  return compileKernel({ units, stackBytes: stackBytes(source, parts), lanes: 16 }, (asm, constants) =>
    emitUnit(asm, constants, source, parts),
  );
}
