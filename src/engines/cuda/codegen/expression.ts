import { type Shape, sizeOf } from '../../../graph/tensorType.js';
import type { PlanBuffer } from '../plan/buffer.js';
import type { Emitter, Operand } from './emitter.js';
import { Index } from './index.js';
import type { Stored } from './stored.js';

/** A tensor that is computed where it is read, inside of the kernel that reads it. */
export interface Expression {
  readonly shape: Shape;
  readonly type: 'f32' | 'i32';
  /** The tensors that it reads. */
  readonly reads: readonly Stored[];
  /** Whether element i depends on elements i of what it reads, and on scalars, alone. */
  readonly isElementwise: boolean;
  /** Operations on an element. */
  readonly cost: number;
  /** Adds the code that computes an element. */
  load(at: Emitter, index: readonly Index[]): Operand;
}

/** Reads a stored tensor. */
export function fromStored(stored: Stored): Expression {
  return {
    shape: stored.shape,
    type: stored.type === 'i32' ? 'i32' : 'f32',
    reads: [stored],
    isElementwise: true,
    cost: 0,
    load: (at, index) => at.read(stored, index),
  };
}

/** A number. */
export function literal(value: number, shape: Shape = []): Expression {
  return {
    shape,
    type: 'f32',
    reads: [],
    isElementwise: true,
    cost: 0,
    load: () => ({ text: floatText(value), laned: false }),
  };
}

/** A number as C++. */
export function floatText(value: number): string {
  const rounded = Math.fround(value);
  if (Number.isNaN(rounded)) return '__int_as_float(0x7fc00000)';
  if (rounded === Number.POSITIVE_INFINITY) return '__int_as_float(0x7f800000)';
  if (rounded === Number.NEGATIVE_INFINITY) return '__int_as_float(0xff800000)';
  const text = String(rounded);
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
}

/** The reads of several expressions, each once. */
export function allReads(expressions: readonly Expression[]): readonly Stored[] {
  return [...new Set(expressions.flatMap(({ reads }) => reads))];
}

/** The memory that several expressions read, each once. */
export function buffersOf(expressions: readonly Expression[]): readonly PlanBuffer[] {
  return [...new Set(expressions.flatMap(({ reads }) => reads.map(({ buffer }) => buffer)))];
}

/** Reads of a sixteenth of a tensor's size or more: those that cost memory traffic. */
export function bigReads({ reads, shape }: Expression): number {
  return reads.filter(({ shape: read }) => sizeOf(read) * 16 > sizeOf(shape)).length;
}

/** f(operands), broadcast as NumPy does. */
export function elementwise(
  shape: Shape,
  operands: readonly Expression[],
  expression: (...texts: string[]) => string,
  type: 'f32' | 'i32' = 'f32',
): Expression {
  const isSame = (operand: Expression): boolean =>
    operand.shape.length === 0 ||
    (operand.shape.length === shape.length && operand.shape.every((d, i) => d === shape[i]));
  return {
    shape,
    type,
    reads: allReads(operands),
    isElementwise: operands.every((operand) => operand.isElementwise && isSame(operand)),
    cost: operands.reduce((sum, { cost }) => sum + cost, 1),
    load: (at, index) =>
      at.apply(
        operands.map((operand) => operand.load(at, broadcastIndex(operand.shape, index))),
        expression,
        type === 'i32' ? 'int' : 'float',
      ),
  };
}

/** The index of an operand's element that is broadcast to an index of the result. */
export function broadcastIndex(shape: Shape, index: readonly Index[]): Index[] {
  const skipped = index.length - shape.length;
  return shape.map((size, axis) => (size === 1 ? Index.zero : index[axis + skipped]!));
}

/** An expression whose index is another's, changed: slices, transposes, … */
export function moved(
  operands: readonly Expression[],
  shape: Shape,
  load: (at: Emitter, index: readonly Index[]) => Operand,
): Expression {
  return {
    shape,
    type: operands[0]!.type,
    reads: allReads(operands),
    isElementwise: false,
    cost: operands.reduce((sum, { cost }) => sum + cost, 1),
    load,
  };
}
