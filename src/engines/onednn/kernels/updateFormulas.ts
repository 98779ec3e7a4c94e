/** The formulas of updates (the graph's rules have them) for eight numbers at a time, rounded as the library's primitives round. */
import type { OpAttributes } from '../../../graph/op.js';
import type { UpdateKind } from '../../fusion/node.js';
import type { Assembler, Memory, Vector } from './assembler.js';

/** Where a formula finds numbers. */
export interface UpdateRegisters {
  /** What is updated: the parameter, then its state; the formula writes the new values here. */
  readonly updated: readonly Vector[];
  /** The gradient, or what is averaged; the formula may overwrite it. */
  readonly gradient: Vector;
  /** Numbers of the step, the same for all of a tensor. */
  readonly scalars: readonly Vector[];
  readonly free: Vector;
  readonly alsoFree: Vector;
  /** A number that is the same in every step. */
  readonly constant: (value: number) => Memory;
}

/** Emits a formula. */
type Emit<K extends UpdateKind> = (
  asm: Assembler,
  registers: UpdateRegisters,
  attributes: OpAttributes[K],
) => void;

/** dst ← kept·dst + added·x; x is overwritten. */
function blend(
  asm: Assembler,
  { constant }: UpdateRegisters,
  [dst, x]: readonly [Vector, Vector],
  [kept, added]: readonly [number, number],
): void {
  asm.vector('mul', dst, dst, constant(kept));
  if (added !== 1) asm.vector('mul', x, x, constant(added));
  asm.vector('add', dst, dst, x);
}

/** mean ← share·mean + (1 − share)·x² */
function addSquare(
  asm: Assembler,
  { free, constant }: UpdateRegisters,
  [mean, x]: readonly [Vector, Vector],
  share: number,
): void {
  asm.vector('mul', free, x, x);
  asm.vector('mul', free, free, constant(1 - share));
  asm.multiplyAdd(free, mean, constant(share));
  asm.move(mean, free);
}

/** w ← w + factor·x; x is overwritten. */
function addTimes(asm: Assembler, w: Vector, x: Vector, factor: Vector): void {
  asm.vector('mul', x, x, factor);
  asm.vector('add', w, w, x);
}

/** Scalars: −η. */
const sgdUpdate: Emit<'sgdUpdate'> = (asm, registers, { momentum, weightDecay, nesterov }) => {
  const { updated, gradient, scalars, free, constant } = registers;
  const [w, m] = updated as [Vector, Vector];
  const addTerms = (): void => {
    asm.vector('add', m, m, gradient);
    asm.vector('mul', free, w, constant(weightDecay));
    asm.vector('add', m, m, free);
  };
  asm.vector('mul', m, m, constant(momentum));
  addTerms();
  if (!nesterov) {
    asm.move(gradient, m);
    addTimes(asm, w, gradient, scalars[0]!);
    return;
  }
  asm.vector('mul', free, m, constant(momentum));
  asm.vector('add', free, free, gradient);
  asm.vector('mul', gradient, w, constant(weightDecay));
  asm.vector('add', free, free, gradient);
  addTimes(asm, w, free, scalars[0]!);
};

/** Scalars: −η/c₁, 1/c₂, and 1 − ηλ where there is decay. */
const adamwUpdate: Emit<'adamwUpdate'> = (asm, registers, { beta1, beta2, epsilon, weightDecay }) => {
  const { updated, gradient, scalars, free, constant } = registers;
  const [w, m, v] = updated as [Vector, Vector, Vector];
  const [rate, inverse, kept] = scalars as [Vector, Vector, Vector];
  addSquare(asm, registers, [v, gradient], beta2);
  blend(asm, registers, [m, gradient], [beta1, 1 - beta1]);
  asm.vector('mul', free, v, inverse);
  asm.squareRoot(free, free);
  asm.vector('add', free, free, constant(epsilon));
  asm.vector('div', free, m, free);
  if (weightDecay !== 0) asm.vector('mul', w, w, kept);
  addTimes(asm, w, free, rate);
};

/** Scalars: −η, or by TensorFlow's rule η. */
const rmspropUpdate: Emit<'rmspropUpdate'> = (asm, registers, attributes) => {
  const { alpha, epsilon, momentum, weightDecay, tensorFlow } = attributes;
  const { updated, gradient, scalars, free, constant } = registers;
  const [w, squares, m] = updated as [Vector, Vector, Vector];
  const rate = scalars[0]!;
  if (weightDecay !== 0) {
    asm.vector('mul', free, w, constant(weightDecay));
    asm.vector('add', gradient, gradient, free);
  }
  addSquare(asm, registers, [squares, gradient], alpha);
  if (tensorFlow) {
    asm.vector('add', free, squares, constant(epsilon));
    asm.squareRoot(free, free);
  } else {
    asm.squareRoot(free, squares);
    asm.vector('add', free, free, constant(epsilon));
  }
  asm.vector('div', gradient, gradient, free);
  if (tensorFlow) {
    asm.vector('mul', gradient, gradient, rate);
    asm.multiplyAdd(gradient, m, constant(momentum));
    asm.move(m, gradient);
    asm.vector('sub', w, w, m);
    return;
  }
  blend(asm, registers, [m, gradient], [momentum, 1]);
  asm.move(gradient, m);
  addTimes(asm, w, gradient, rate);
};

/** Multiplies every normal number to beyond ±1, so that clipping leaves its sign. */
export const HUGE = 3e38;

/** Scalars: −η, and 1 − ηλ where there is decay. */
const lionUpdate: Emit<'lionUpdate'> = (asm, registers, { beta1, beta2, weightDecay }) => {
  const { updated, gradient, scalars, free, alsoFree, constant } = registers;
  const [w, m] = updated as [Vector, Vector];
  const [rate, kept] = scalars as [Vector, Vector];
  if (weightDecay !== 0) asm.vector('mul', w, w, kept);
  asm.vector('mul', free, m, constant(beta1));
  asm.vector('mul', alsoFree, gradient, constant(1 - beta1));
  asm.vector('add', free, free, alsoFree);
  blend(asm, registers, [m, gradient], [beta2, 1 - beta2]);
  asm.vector('mul', free, free, constant(HUGE));
  asm.vector('max', free, free, constant(-1));
  asm.vector('min', free, free, constant(1));
  addTimes(asm, w, free, rate);
};

/** Scalars: the new value's share. */
const averageUpdate: Emit<'averageUpdate'> = (asm, { updated, gradient, scalars }) => {
  const mean = updated[0]!;
  asm.vector('sub', gradient, gradient, mean);
  addTimes(asm, mean, gradient, scalars[0]!);
};

const formulas: { readonly [K in UpdateKind]: Emit<K> } = {
  sgdUpdate,
  adamwUpdate,
  rmspropUpdate,
  lionUpdate,
  averageUpdate,
};

/** Emits the formula of an update. */
export function emitFormula<K extends UpdateKind>(
  asm: Assembler,
  registers: UpdateRegisters,
  { kind, attributes }: { readonly kind: K; readonly attributes: OpAttributes[K] },
): void {
  const emit: Emit<K> = formulas[kind];
  emit(asm, registers, attributes);
}
