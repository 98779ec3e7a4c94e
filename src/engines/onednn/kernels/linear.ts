import type { Assembler, Vector } from './assembler.js';
import type { Constants } from './kernel.js';

/** Rows of coefficients. */
export type Matrix = readonly (readonly number[])[];

/** Vectors that hold numbers; those that are zero have none. */
export type Inputs = readonly (Vector | undefined)[];

type Term = readonly [coefficient: number, vector: Vector];

/** Registers of sums; inputs are in lower ones. */
const EVEN: Vector = 8;
const ODD: Vector = 9;
const RESULT: Vector = 10;

function termsOf(row: readonly number[], inputs: Inputs): Term[] {
  return row.flatMap((coefficient, i): Term[] => {
    const vector = inputs[i];
    return coefficient === 0 || vector === undefined ? [] : [[coefficient, vector]];
  });
}

/** dst = Σ coefficient · vector */
function combine(asm: Assembler, constants: Constants, dst: Vector, terms: readonly Term[]): void {
  const [first, ...rest] = [...terms].sort(([a], [b]) => Number(b === 1) - Number(a === 1));
  if (!first) {
    asm.vector('xor', dst, dst, dst);
    return;
  }
  const [coefficient, vector] = first;
  if (coefficient === 1) asm.move(dst, vector);
  else asm.vector('mul', dst, vector, constants.of(coefficient));
  for (const [factor, other] of rest) {
    if (factor === 1) asm.vector('add', dst, dst, other);
    else if (factor === -1) asm.vector('sub', dst, dst, other);
    else asm.multiplyAdd(dst, other, constants.of(factor));
  }
}

/** Whether two rows differ in the signs of some coefficients alone; then they share e and o of e + o and e − o. */
function arePair(a: readonly number[], b: readonly number[]): boolean {
  return a.every((value, i) => Math.abs(value) === Math.abs(b[i]!)) && a.some((value, i) => value !== b[i]);
}

/** What is computed of a matrix, and where it goes. */
interface Product {
  readonly matrix: Matrix;
  readonly inputs: Inputs;
  /** Whether a row's result is wanted. */
  readonly isWanted: (row: number) => boolean;
  /** Emits what is done with a row's result. */
  readonly put: (row: number, result: Vector) => void;
}

/** Emits matrix · inputs for vectors: eight products of a matrix with a column at once. */
export function emitProduct(
  asm: Assembler,
  constants: Constants,
  { matrix, inputs, isWanted, put }: Product,
): void {
  const done = new Set<number>();
  matrix.forEach((row, i) => {
    if (done.has(i) || !isWanted(i)) return;
    const j = matrix.findIndex((other, k) => k > i && isWanted(k) && !done.has(k) && arePair(row, other));
    if (j < 0) {
      combine(asm, constants, RESULT, termsOf(row, inputs));
      put(i, RESULT);
      return;
    }
    done.add(j);
    const isEven = (_: number, k: number): boolean => row[k] === matrix[j]![k];
    const even = row.map((value, k) => (isEven(value, k) ? value : 0));
    const odd = row.map((value, k) => (isEven(value, k) ? 0 : value));
    combine(asm, constants, EVEN, termsOf(even, inputs));
    combine(asm, constants, ODD, termsOf(odd, inputs));
    asm.vector('add', RESULT, EVEN, ODD);
    put(i, RESULT);
    asm.vector('sub', RESULT, EVEN, ODD);
    put(j, RESULT);
  });
}
